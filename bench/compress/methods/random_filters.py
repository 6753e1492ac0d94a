"""Control: as many filters pruned in each layer as Li takes, chosen at random, then fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress import filters
from bench.compress.filters.by_ratio import RatioMethod
from bench.compress.methods.li import rounded_up
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    from bench.compress.filters.turns import Choices


@dataclass(frozen=True)
class RandomFilters(RatioMethod):
    """Separates the effect of choosing filters by norm from that of the smaller network and fine-tuning.

    Args:
        ratio, skip, channels, order, rounds: see Li.
    """

    version = 2  # rounds take as many steps as one training
    family = "control"
    title = "Random filters, fine-tuned"
    source = "mittal2018recovering"

    def kept(self, filters: int, share: float) -> int:
        """See RatioMethod."""
        return rounded_up(filters, share)

    def choices(self, workbench: Workbench) -> Choices:
        """See RatioMethod."""
        drawn = filters.thinning.random_choice(workbench.seed)
        return lambda compressed, groups: drawn
