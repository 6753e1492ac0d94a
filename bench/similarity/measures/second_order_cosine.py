"""Cosine between an image's distances to its nearest neighbours on the two sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.families.neighbours import Near, NeighbourMeasure, matches
from bench.similarity.intervals.scales import Scale


@dataclass(frozen=True)
class SecondOrderCosine(NeighbourMeasure):
    """Mean over images of the cosine between an image's distances to N ∪ N' on one side and on the other.

    N and N' are its k nearest neighbours on either side. Convention: vectors of distances, as ReSi computes them;
    Hamilton et al. use vectors of cosine similarities, whose cosine is another number. An image at distance 0 from all
    those neighbours on one side counts 0.

    Source: Hamilton et al. 2016; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Second-order cosine"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "hamilton2016cultural"
    scale: ClassVar[Scale] = "atanh"
    across: ClassVar[bool] = True

    def compute_per_image(self, first: Near, second: Near) -> np.ndarray:
        # Over N, and over those of N' that N lacks, so that a common neighbour counts once.
        new = ~matches(first.indices, second.indices).any(1)
        a = np.hstack([first.distances, np.where(new, first.across, 0.0)])
        b = np.hstack([second.across, np.where(new, second.distances, 0.0)])
        sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        return np.divide(np.einsum("ij,ij->i", a, b), sizes, out=np.zeros(len(a)), where=sizes > 0.0)
