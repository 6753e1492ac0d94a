"""Differences over seeds alone: t interval, paired t, sign-flip and equivalence at the margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from bench.calibrate.scenario import Outcomes, Scenario, covers, rejects
from bench.statistics.equivalence import assess
from bench.statistics.intervals import seed_mean
from bench.statistics.tests import paired_t, sign_flip

Shape = Literal["normal", "heavy", "accuracy"]

SHAPES: dict[Shape, str] = {
    "normal": "normal differences",
    "heavy": "heavy-tailed differences (t with 3 df)",
    "accuracy": "differences of accuracy, 360 images, 6% of the answers changed",
}
TEST_IMAGES, CHANGED = 360, 0.06  # images of a small test set, and the share whose answer changes


@dataclass(frozen=True)
class Differences(Scenario):
    """Independent paired differences with mean 0, and the same differences one margin away."""

    effort: ClassVar[int] = 800

    shape: Shape
    number_of_seeds: int

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        # Equivalence is false at the margin itself, the hardest case: that is where its error rate is the nominal one.
        differences, margin = self._draw(rng), 1.0
        return {
            "mean over seeds, t": covers(seed_mean(differences), truth=0.0),
            "paired t": rejects(paired_t(differences).p),
            "sign-flip": rejects(sign_flip(differences).p),
            "equivalence (TOST) at the margin": rejects(assess(differences + margin, margin).p_equivalent),
        }

    @property
    def population(self) -> str:
        return SHAPES[self.shape]

    @property
    def seeds(self) -> int:
        return self.number_of_seeds

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        """(S,) differences; those of accuracy are in percentage points."""
        if self.shape == "normal":
            return rng.normal(0, 0.5, self.seeds)
        if self.shape == "heavy":
            return 0.3 * rng.standard_t(3, self.seeds)
        changed = rng.binomial(TEST_IMAGES, CHANGED, self.seeds)
        return (2 * rng.binomial(changed, 0.5) - changed) / TEST_IMAGES * 100


def scenarios() -> Iterator[Scenario]:
    """Every shape at every number of seeds."""
    for shape in SHAPES:
        for seeds in (3, 6, 12):
            yield Differences(shape, seeds)
