"""How well the order of common nearest neighbours agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.families.neighbours import Near, NeighbourMeasure, matches
from bench.similarity.intervals.scales import Scale


@dataclass(frozen=True)
class RankSimilarity(NeighbourMeasure):
    """Mean over images of Σ 2 / ((1 + |r - r'|)(r + r')) over common neighbours, divided by Σ_{i ≤ common} 1/i.

    r and r' are a common neighbour's ranks on the two sides, 1 for the nearest. An image without common neighbours
    counts 0.

    Source: Wang et al. 2022; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Rank similarity"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "wang2022towards"
    scale: ClassVar[Scale] = "logit"
    ranks_count: ClassVar[bool] = True

    def compute_per_image(self, first: Near, second: Near) -> np.ndarray:
        # A neighbour at the same rank r on both sides contributes 1/r, one at different ranks less. The divisor is what
        # as many common neighbours would reach at ranks 1, 2, ... on both sides; it is 1 for none, whose sum is 0.
        common = matches(first.indices, second.indices)
        rank = np.arange(1, self.k + 1)
        weight = 2.0 / ((1.0 + np.abs(rank[:, None] - rank)) * (rank[:, None] + rank))
        harmonic = np.concatenate([[1.0], np.cumsum(1.0 / rank)])
        return (common * weight).sum((1, 2)) / harmonic[common.sum((1, 2))]
