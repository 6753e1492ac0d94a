"""Difference in how closely images lie around the mean direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.algebra.geometry import as_they_are, unit_rows
from bench.similarity.algebra.precision import as_double, rounding_room
from bench.similarity.families.difference import Difference
from bench.similarity.measure import Invariance, OnRows


@dataclass(frozen=True)
class ConcentricityDifference(Difference):
    """|c(x) - c(y)| with c the mean cosine between an image's representation and the mean over images.

    An image whose representation is 0 has cosine 0, and so have all images if their mean is 0 up to rounding.

    Source: Wang et al. 2022; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Concentricity difference"
    range: ClassVar[tuple[float, float]] = (0.0, 2.0)
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling")
    source: ClassVar[str] = "wang2022towards"

    def of_rows(self, side: np.ndarray) -> OnRows:
        values = as_double(side)
        directions, lengths = unit_rows(values), np.linalg.norm(values, axis=1)

        # Images that cancel each other leave a mean of rounding, which points anywhere.
        def concentricity(rows: np.ndarray) -> float:
            mean = values[rows].mean(0)
            size = np.linalg.norm(mean)
            points = size > rounding_room(side.dtype) * lengths[rows].mean()
            return float(directions[rows].mean(0) @ mean / size) if points else 0.0

        return concentricity

    def rounding(self, side: np.ndarray) -> float:
        # Of the images' directions, about 1, and of the mean's, relative to its length.
        size, errors = np.linalg.norm(as_double(side).mean(0)), as_they_are(side).errors
        own = rounding_room(side.dtype)
        return own + (float(errors.mean() / size) if size > errors.mean() else 0.0)
