"""Angular shape distance: the angle that remains after the best rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.families.superposition import OrthogonalMatch
from bench.similarity.intervals.scales import Scale


@dataclass(frozen=True)
class AngularShape(OrthogonalMatch):
    """arccos ‖XᵀY‖_* of centred representations of unit Frobenius norm, in radians: a metric.

    Source: Williams et al. 2021, with orthogonal maps (netrep's angular Procrustes distance).
    """

    title: ClassVar[str] = "Angular shape distance"
    range: ClassVar[tuple[float, float]] = (0.0, float(np.pi / 2))
    source: ClassVar[str] = "williams2021generalized"
    scale: ClassVar[Scale] = "log"

    def of_distance(self, distance: float) -> float:
        # The chord between two unit vectors at angle θ is 2 sin(θ/2). arccos of the cosine would lose half of the
        # digits near 0.
        return float(2.0 * np.arcsin(distance / 2.0))

    def slope(self, distance: float) -> float:
        return float(1.0 / np.sqrt(1.0 - distance**2 / 4.0))
