"""Debiased CKA over seeds that saw the same images: interval of the mean, of a paired difference, and its tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.calibrate.populations import in_words
from bench.calibrate.scenario import Outcomes, Scenario, covers, rejects
from bench.similarity.layers import pairwise
from bench.statistics.equivalence import assess_estimate
from bench.statistics.intervals import from_atanh, paired_difference, seeds_and_images
from bench.statistics.simulate import Images, Population, Spectrum, seed_layers
from bench.statistics.tests import t_of

MARGIN = 0.02


@dataclass(frozen=True)
class ThreeMethods(Scenario):
    """Two methods with the same mean CKA to the original, and a third whose CKA is one margin lower."""

    effort: ClassVar[int] = 300

    spectrum: Spectrum
    images_are: Images
    rho: float
    seed_sd: float
    number_of_seeds: int
    n: int = 150

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        rhos = (self.rho, self.rho, self.rho - MARGIN)
        originals, compressed = seed_layers(self._population, rhos, self.seeds, self.n, rng)
        (first, first_psi), (same, same_psi), (below, below_psi) = (
            _over_seeds(originals, method) for method in compressed
        )
        equal = paired_difference(first, same, first_psi, same_psi)
        margin_apart = paired_difference(first, below, first_psi, below_psi)
        return {
            "mean over seeds, seeds and images": covers(
                seeds_and_images(first, first_psi, scale="atanh"), truth=self.rho
            ),
            "paired difference of two methods, seeds and images": covers(margin_apart, truth=MARGIN),
            "t test of a paired difference, seeds and images": rejects(t_of(equal).p),
            "equivalence (TOST) at the margin, seeds and images": rejects(
                assess_estimate(margin_apart, MARGIN).p_equivalent
            ),
        }

    @property
    def population(self) -> str:
        return f"{in_words(self._population)}, mean CKA {self.rho:g}, SD {self.seed_sd:g} between seeds"

    @property
    def images(self) -> int:
        return self.n

    @property
    def seeds(self) -> int:
        return self.number_of_seeds

    @property
    def _population(self) -> Population:
        return Population(d=16, spectrum=self.spectrum, images=self.images_are, seed_sd=self.seed_sd)


def scenarios() -> Iterator[Scenario]:
    """Smoke, exploratory and headline numbers of seeds; and two, which are too few."""
    for seeds in (12, 6, 3):
        yield ThreeMethods("decaying", "plain", 0.6, 0.03, seeds)
        yield ThreeMethods("decaying", "plain", 0.95, 0.01, seeds)
        yield ThreeMethods("flat", "plain", 0.6, 0.03, seeds)
        yield ThreeMethods("decaying", "outliers", 0.6, 0.03, seeds)
    yield ThreeMethods("decaying", "plain", 0.6, 0.03, 2)


def _over_seeds(originals: np.ndarray, compressed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (S,) and influence (S, n), each seed's compressed network against its own original."""
    maps = [pairwise([original], [network]) for original, network in zip(originals, compressed, strict=True)]
    z = [layer_map.z[0] for layer_map in maps if layer_map.z is not None]
    return from_atanh(z, [layer_map.influence[0] for layer_map in maps if layer_map.influence is not None])
