"""Mean correlation of every unit with its best counterpart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.families.matching import UnitMatch


@dataclass(frozen=True)
class SoftCorrelationMatch(UnitMatch):
    """Mean over units of the highest correlation with a unit of the other side, averaged over both directions.

    Several units may share a counterpart ("semi-matching"). Source: Li et al. 2016; made symmetric as in
    Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Soft correlation match"

    def of_correlations(self, correlation: np.ndarray) -> float:
        # Going one way only would let a narrow side match perfectly inside a wide one.
        return float((correlation.max(0).mean() + correlation.max(1).mean()) / 2.0)
