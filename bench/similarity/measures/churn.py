"""Share of images on which two networks give different answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity.families.outputs import OutputMeasure
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import proportion


@dataclass(frozen=True)
class Churn(OutputMeasure):
    """Disagreement: the share of images whose most probable class differs. Wilson's score interval.

    Source: Milani Fard et al. 2016; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Churn"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "milanifard2016launch"

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """The share with Wilson's interval; `replicates` and `seed` change nothing."""
        changed = self.per_image(x, y)
        return proportion(int(changed.sum()), len(changed), confidence=confidence, estimand=self.title)

    def compute_per_image(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x.argmax(1) != y.argmax(1)).astype(np.float64)
