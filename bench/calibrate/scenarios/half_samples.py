"""Every measure of activations except debiased CKA: its intervals from half-samples and from influences of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.calibrate.populations import in_words
from bench.calibrate.scenario import Covers, Outcomes, Scenario, covers
from bench.similarity.catalog import measure, measures
from bench.similarity.families.difference import Difference
from bench.similarity.measure import Measure
from bench.statistics.intervals import FEW_EFFECTIVE_IMAGES
from bench.statistics.simulate import Images, Population, Spectrum, layer_pair

JACKKNIFED = "debiased-cka"
# The usual populations have sides that are alike: the difference of one number per side would be 0, and nothing would
# be left to cover. These differ in mean and size, and are small enough that uniformity does not lie at its floor.
SIDES = ((0.2, 0.5), (0.25, 1.0))  # factor of the activations, and mean of every unit before it is applied


@dataclass(frozen=True)
class OneMeasure(Scenario):
    """One measure at one number of images, against its own mean over replications."""

    effort: ClassVar[int] = 60

    measure: str
    spectrum: Spectrum
    images_are: Images
    n: int = 200

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        compared_by = measure(self.measure)
        assert isinstance(compared_by, Measure)
        x, y = self._layers(rng)
        # No truth is given: most measures are biased at n, and the interval is for the expectation at this n.
        estimate = compared_by.estimate(x, y, seed=int(rng.integers(2**31)))
        return {
            f"{compared_by.title}, half-samples of images": covers(estimate),
            f"{compared_by.title}, influence of images": _from_influence(compared_by, x, y),
        }

    @property
    def population(self) -> str:
        return f"{in_words(self._population)}, CKA 0.8"

    @property
    def images(self) -> int:
        return self.n

    def _layers(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return layer_pair(self._population, 0.8, self.n, rng)

    @property
    def _population(self) -> Population:
        return Population(d=16, spectrum=self.spectrum, images=self.images_are)


@dataclass(frozen=True)
class OneDifference(OneMeasure):
    """A difference of one number per side, between sides that differ in mean and size."""

    @property
    def population(self) -> str:
        (_, first), (_, second) = SIDES
        return f"{super().population}, means {first:g} and {second:g}"

    def _layers(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x, y = (size * (side + mean) for side, (size, mean) in zip(super()._layers(rng), SIDES))
        return x, y


# What compare cells keep and studies combine over seeds.
def _from_influence(compared_by: Measure, x: np.ndarray, y: np.ndarray) -> Covers:
    value, influence = compared_by.influence(x, y)
    low, high, df = compared_by.interval_from(value, influence, x.shape[1], y.shape[1])
    return Covers(value, low, high, float("nan"), df < FEW_EFFECTIVE_IMAGES)


def scenarios() -> Iterator[Scenario]:
    """Every measure of activations that needs no classes."""
    for name, of_activations in measures().items():
        if isinstance(of_activations, Measure) and of_activations.compares == "activations" and name != JACKKNIFED:
            kind = OneDifference if isinstance(of_activations, Difference) else OneMeasure
            yield kind(name, "decaying", "plain")
            yield kind(name, "flat", "plain")
            yield kind(name, "decaying", "outliers")
