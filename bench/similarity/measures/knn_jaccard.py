"""Share of common nearest neighbours: local structure, insensitive to a few large directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.activations import Activations
from bench.similarity.families.neighbours import Near, NeighbourMeasure, matches
from bench.similarity.intervals.scales import Scale

SHARED = 1.3  # of the covariance of own and total influence, to make up for what images owe to others alone


@dataclass(frozen=True)
class KNNJaccard(NeighbourMeasure):
    """Mean over images of |N ∩ N'| / |N ∪ N'|, N the k nearest other images.

    It falls with n at fixed k: compare values at the same n only. Source: Schumacher et al. 2021; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "k-NN Jaccard"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "schumacher2021effects"
    scale: ClassVar[Scale] = "logit"
    by_image: ClassVar[bool] = True

    def compute_per_image(self, first: Near, second: Near) -> np.ndarray:
        common = matches(first.indices, second.indices).sum((1, 2))
        return self._jaccard(common)

    def influence_of_sides(self, x: Activations, y: Activations) -> tuple[float, np.ndarray]:
        """Each image's own Jaccard, scaled to the variance; see `Measure.influence_of_sides`.

        Deleting an image makes many small jumps, so that the jackknife's standard error is 1.4 to 3.3 times too large
        (measured): each jump counts once for every image it takes.
        """
        self._accepted(x.values, y.values)
        per_image, moved = self.delete_one(x, y)
        value = float(per_image.mean())
        own = per_image - value
        if not own.any() or not np.isfinite(moved).all():
            return value, own if np.isfinite(moved).all() else moved
        # The covariance of an image's own Jaccard with its influence on the mean leaves out what images owe to others
        # alone. On nine populations the variance was 1.1 to 1.6 times it.
        variance = SHARED * float(own @ moved)
        return value, own * np.sqrt(max(variance / float(own @ own), 1.0))

    # Deleting image r changes image i's neighbourhoods only where r is among its k nearest, and then number k + 1 moves
    # up: all n leave-one-out values follow from k + 1 neighbours a side. With a and b the two that move up, the number
    # of common neighbours changes by [a in N'], by [b in N], or, where r was common, by both less 1 plus [a = b].
    def delete_one(self, x: Activations, y: Activations) -> tuple[np.ndarray, np.ndarray]:
        """Every image's own Jaccard, (n,), and the exact jackknife influence of deleting it on their mean, (n,)."""
        first, second = self.neighbours_of(x), self.neighbours_of(y)
        n, k = x.n, self.k
        same = matches(first[:, :k], second[:, :k])
        in_second, in_first = same.any(2), same.any(1)
        common = in_second.sum(1)
        if first.shape[1] == k:
            return self._jaccard(common), np.full(n, np.nan)
        moves_first = (first[:, k:] == second[:, :k]).any(1)[:, None].astype(int)
        moves_second = (second[:, k:] == first[:, :k]).any(1)[:, None].astype(int)
        one = (first[:, k] == second[:, k])[:, None].astype(int)
        both = moves_first + moves_second + one - 1
        base = self._jaccard(common)[:, None]
        of_first = self._jaccard(common[:, None] + np.where(in_second, both, moves_first)) - base
        of_second = np.where(in_first, 0.0, self._jaccard(common[:, None] + moves_second) - base)
        changed = np.bincount(first[:, :k].ravel(), of_first.ravel(), n)
        changed += np.bincount(second[:, :k].ravel(), of_second.ravel(), n)
        left_out = (base.sum() - base[:, 0] + changed) / (n - 1)
        return base[:, 0], (n - 1) * (left_out.mean() - left_out)

    def _jaccard(self, common: np.ndarray) -> np.ndarray:
        return common / (2.0 * self.k - common)
