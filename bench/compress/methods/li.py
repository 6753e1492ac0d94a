"""Whole filters pruned by the L1 norm of their weights, then fine-tuning (Li et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from bench.compress import filters
from bench.compress.filters.by_ratio import RatioMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    from bench.compress.filters.turns import Choices


@dataclass(frozen=True)
class Li(RatioMethod):
    """Removes from every layer the filters with the smallest sum of absolute weights, and all that belongs to them.

    By default all at once, then fine-tuning ("prune once and retrain"). `order` and `rounds` are the paper's other way,
    layer after layer or little by little with retraining between ("prune and retrain iteratively", section 3.4).

    Args:
        ratio: share of a layer's filters to remove, rounded up; or one per stage, see RatioMethod.
        skip, channels, order, rounds: see RatioMethod.
    """

    version = 2  # rounds take as many steps as one training
    title = "Li"
    source = "li2017pruning"
    searched: ClassVar = {"ratio": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)}

    def kept(self, filters: int, share: float) -> int:
        """See RatioMethod."""
        return rounded_up(filters, share)

    def choices(self, workbench: Workbench) -> Choices:
        """See RatioMethod."""
        return lambda compressed, groups: filters.thinning.largest_norms


def rounded_up(filters: int, share: float) -> int:
    """Number of filters to keep if ⌈share·filters⌉ are removed."""
    return filters - ceil(round(share * filters, 9))  # 0.1 * 30 is 3.0000000000000004: not a fourth filter
