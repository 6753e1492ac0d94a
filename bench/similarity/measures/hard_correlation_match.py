"""Mean correlation of units matched one to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from bench.similarity.families.matching import UnitMatch


@dataclass(frozen=True)
class HardCorrelationMatch(UnitMatch):
    """Mean correlation of the one-to-one matching of units that maximises it, over min(d1, d2) pairs.

    Signed correlations, as in Li et al. and ReSi. Source: Li et al. 2016.
    """

    title: ClassVar[str] = "Hard correlation match"

    def of_correlations(self, correlation: np.ndarray) -> float:
        # Exact, in O(d³): matching greedily, best pair first, can leave later units with poor partners.
        return float(correlation[linear_sum_assignment(correlation, maximize=True)].mean())
