"""Difference in how closely images lie around the mean direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.algebra.geometry import unit_rows
from bench.similarity.families.difference import Difference
from bench.similarity.measure import Invariance, OnRows


@dataclass(frozen=True)
class ConcentricityDifference(Difference):
    """|c(x) - c(y)| with c the mean cosine between an image's representation and the mean over images.

    An image whose representation is 0 has cosine 0. Source: Wang et al. 2022; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Concentricity difference"
    range: ClassVar[tuple[float, float]] = (0.0, 2.0)
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling")
    source: ClassVar[str] = "wang2022towards"

    def of_rows(self, side: np.ndarray) -> OnRows:
        directions = unit_rows(side)

        def concentricity(rows: np.ndarray) -> float:
            mean = side[rows].mean(0)
            size = np.linalg.norm(mean)
            return float(directions[rows].mean(0) @ mean / size) if size > 0.0 else 0.0

        return concentricity
