"""Orthogonal Procrustes distance: the distance that remains after the best rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.families.superposition import OrthogonalMatch
from bench.similarity.intervals.scales import Scale


@dataclass(frozen=True)
class Procrustes(OrthogonalMatch):
    """min over orthogonal Q of ‖XQ - Y‖ = √(2 - 2‖XᵀY‖_*), both centred and of unit Frobenius norm.

    Narrower representations are padded with zeros, which the formula does by itself. Convention: the distance, as ReSi
    (a metric); Ding et al. print its square, 2 - 2‖XᵀY‖_*.

    Source: Ding, Denain and Steinhardt 2021; Schönemann 1966.
    """

    title: ClassVar[str] = "Procrustes distance"
    range: ClassVar[tuple[float, float]] = (0.0, float(np.sqrt(2.0)))
    source: ClassVar[str] = "ding2021grounding"
    scale: ClassVar[Scale] = "log"

    def of_distance(self, distance: float) -> float:
        return distance

    def slope(self, distance: float) -> float:
        return 1.0
