"""Control: as many filters pruned in each layer as Li takes, chosen at random, then fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress.filters.shares import Layers, Ratios, counts, rounded_up
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.channels import Channels
    from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class RandomFilters(FinetuningMethod):
    """Tells what choosing filters by norm is worth from what the smaller network and fine-tuning do.

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
        import torch

        from bench.compress.filters import thinning

        generator = torch.Generator().manual_seed(workbench.seed)

        def choose(network: torch.nn.Module, group: Channels, count: int) -> torch.Tensor:
            places = torch.randperm(group.count, generator=generator).argsort()  # in a random order
            return thinning.largest(-places, group, count)

        wanted = counts(compressed, self.ratio, self.skip, rounded_up)
        return thinning.tuned(thinning.thinned(compressed, wanted, choose), workbench, distill=self.distill)
