"""Whole filters pruned by the L1 norm of their weights, then fine-tuning (Li et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.compress.filters.shares import Layers, Ratios, counts, rounded_up
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress.filters.channels import Channels
    from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Li(FinetuningMethod):
    """In each layer the filters with the smallest sum of absolute weights go, with all that belongs to them.

    What is left is a smaller dense network. Only filters that no addition joins to others go: in residual networks,
    those inside blocks.

    Args:
        ratio: share of a layer's filters, rounded up; or one for each stage of a resolution, from first to last.
        skip: layers that stay whole, by name.
    """

    ratio: Ratios = 0.5
    skip: Layers = ()

    family = "structured pruning"
    title = "Li"
    source = "li2017pruning"
    searched: ClassVar = {"ratio": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        from bench.compress.filters import thinning

        wanted = counts(compressed, self.ratio, self.skip, rounded_up)
        return thinning.tuned(thinning.thinned(compressed, wanted, _largest), workbench, distill=self.distill)


def _largest(network: torch.nn.Module, group: Channels, count: int) -> torch.Tensor:
    from bench.compress.filters import thinning

    return thinning.largest(network.get_parameter(group.writers[0]).detach().abs().flatten(1).sum(1), group, count)
