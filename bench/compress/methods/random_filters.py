"""Control: as many filters pruned in each layer as Li takes, chosen at random, then fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass

from bench.compress import filters
from bench.compress.method import FinetuningMethod
from bench.compress.methods.li import Layers, Ratios, rounded_up
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class RandomFilters(FinetuningMethod):
    """Separates the effect of choosing filters by norm from that of the smaller network and fine-tuning.

    Args:
        ratio, skip: see Li.
    """

    ratio: Ratios = 0.5
    skip: Layers = ()

    family = "control"
    title = "Random filters, fine-tuned"
    source = "mittal2018recovering"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        counts = filters.thinning.counts(compressed, self.ratio, self.skip, rounded_up)
        thin = filters.thinning.thinned(compressed, counts, filters.thinning.random_choice(workbench.seed))
        return filters.thinning.tuned(thin, workbench, distill=self.distill)
