"""Whole filters pruned by the L1 norm of their weights, then fine-tuning (Li et al. 2017)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from bench.compress import filters
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


def _names(setting: Any) -> Any:
    return tuple(re.split("[,-]", setting)) if isinstance(setting, str) else setting


Ratio = Annotated[float, Field(ge=0, lt=1)]
Ratios = Ratio | tuple[Ratio, ...]
Layers = Annotated[tuple[str, ...], BeforeValidator(_names)]  # a text is split at commas, or at the hyphens of a label


@dataclass(frozen=True)
class Li(FinetuningMethod):
    """Removes from every layer the filters with the smallest sum of absolute weights, and all that belongs to them.

    The result is a smaller dense network. Filters whose outputs an addition joins to others stay: in residual networks
    only those inside blocks are removed.

    Args:
        ratio: share of a layer's filters to remove, rounded up; or one per stage of equal resolution, from first to
            last.
        skip: layers that keep all their filters, by name.
    """

    ratio: Ratios = 0.5
    skip: Layers = ()

    family = "structured pruning"
    title = "Li"
    source = "li2017pruning"
    searched: ClassVar = {"ratio": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        counts = filters.thinning.counts(compressed, self.ratio, self.skip, rounded_up)
        thin = filters.thinning.thinned(compressed, counts, filters.thinning.largest_norms)
        return filters.thinning.tuned(thin, workbench, distill=self.distill)


def rounded_up(filters: int, share: float) -> int:
    """Number of filters to keep if ⌈share·filters⌉ are removed."""
    return filters - ceil(round(share * filters, 9))  # 0.1 * 30 is 3.0000000000000004: not a fourth filter
