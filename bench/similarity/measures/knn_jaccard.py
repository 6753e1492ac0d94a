"""Share of common nearest neighbours: local structure, insensitive to a few large directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.families.neighbours import NeighbourMeasure, matches, nearest
from bench.similarity.intervals.scales import Scale


@dataclass(frozen=True)
class KNNJaccard(NeighbourMeasure):
    """Mean over images of |N ∩ N'| / |N ∪ N'|, N the k nearest other images.

    It falls with n at fixed k: compare values at the same n only. Source: Schumacher et al. 2021; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "k-NN Jaccard"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "schumacher2021effects"
    scale: ClassVar[Scale] = "logit"

    def compute_per_image(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        common = matches(nearest(first, self.k), nearest(second, self.k)).sum((1, 2))
        return common / (2.0 * self.k - common)
