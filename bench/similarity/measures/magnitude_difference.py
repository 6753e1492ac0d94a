"""Difference in the length of the mean representation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

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
        return lambda rows: float(np.linalg.norm(side[rows].mean(0)))
