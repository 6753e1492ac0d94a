"""Debiased CKA of one network: its jackknife interval over images, and the test that it is above zero."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.calibrate.populations import in_words
from bench.calibrate.scenario import Covers, Outcomes, Scenario, covers, rejects
from bench.similarity.catalog import measure
from bench.similarity.layers import Grams, half_samples, pairwise
from bench.similarity.measure import Measure
from bench.statistics.simulate import Images, Population, Spectrum, layer_pair
from bench.statistics.tests import row_permutation

POPULATIONS: tuple[tuple[Spectrum, Images], ...] = (("decaying", "plain"), ("flat", "plain"), ("decaying", "outliers"))


@dataclass(frozen=True)
class OneNetwork(Scenario):
    """The interval of one layer's debiased CKA, by jackknife and by half-samples."""

    spectrum: Spectrum
    images_are: Images
    rho: float
    n: int

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        x, y = (Grams([layer]) for layer in layer_pair(self._population, self.rho, self.n, rng))
        jackknife = pairwise(x, y)
        halves = half_samples(x, y, replicates=100, seed=int(rng.integers(2**31)))
        # Half-samples give no warning of their own here; the jackknife's stands for both, so that the two intervals are
        # compared on the same samples.
        few = bool(jackknife.carried_by_few[0, 0])
        return {
            "debiased CKA, jackknife over images": covers(jackknife.estimate(0, 0), self.rho),
            "debiased CKA, half-samples of images": Covers(
                float(halves.value[0, 0]), float(halves.low[0, 0]), float(halves.high[0, 0]), self.rho, few
            ),
        }

    @property
    def population(self) -> str:
        return f"{in_words(self._population)}, CKA {self.rho:g}"

    @property
    def images(self) -> int:
        return self.n

    @property
    def _population(self) -> Population:
        return Population(spectrum=self.spectrum, images=self.images_are)


@dataclass(frozen=True)
class Unrelated(Scenario):
    """Two layers of unrelated images: the permutation test should find a relation in 5% of samples only."""

    effort: ClassVar[int] = 200

    spectrum: Spectrum
    images_are: Images
    n: int

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        x, y = (layer_pair(self._population, 0.0, self.n, rng)[0] for _ in range(2))
        cka = measure("debiased-cka")
        assert isinstance(cka, Measure)
        # 59 draws are enough: the smallest p is 1/60, and at 3/60 the test's level is exactly 0.05.
        outcome = row_permutation(lambda order: cka(x, y[order]), self.n, draws=59, seed=int(rng.integers(2**31)))
        return {"permutation of images: debiased CKA above 0": rejects(outcome.p)}

    @property
    def population(self) -> str:
        return f"{in_words(self._population)}, unrelated"

    @property
    def images(self) -> int:
        return self.n

    @property
    def _population(self) -> Population:
        return Population(d=8, spectrum=self.spectrum, images=self.images_are)


def scenarios() -> Iterator[Scenario]:
    """Plain and flat spectra and outliers, near and far, for a small and a larger probe set."""
    for spectrum, images_are in POPULATIONS:
        for rho in (0.3, 0.9, 0.99):
            for n in (100, 400):
                yield OneNetwork(spectrum, images_are, rho, n)
        yield Unrelated(spectrum, images_are, 30)
