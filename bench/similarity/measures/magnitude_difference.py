"""Difference in the length of the mean representation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.algebra.geometry import as_they_are
from bench.similarity.algebra.precision import as_double
from bench.similarity.families.difference import Difference
from bench.similarity.measure import OnRows


@dataclass(frozen=True)
class MagnitudeDifference(Difference):
    """|‖x̄‖ - ‖ȳ‖|, lengths of the mean over images, in the activations' unit.

    Source: Wang et al. 2022; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Magnitude difference"
    source: ClassVar[str] = "wang2022towards"

    def of_rows(self, side: np.ndarray) -> OnRows:
        values = as_double(side)
        return lambda rows: float(np.linalg.norm(values[rows].mean(0)))

    def rounding(self, side: np.ndarray) -> float:
        # Of the images' lengths, not of their mean's, which may be far shorter.
        return float(as_they_are(side).errors.mean())
