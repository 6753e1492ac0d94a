"""Whole filters pruned by the L1 norm of their weights, then fine-tuning (Li et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from bench.compress._method import FinetuningMethod, Workbench

if TYPE_CHECKING:
    import torch

    from bench.compress._channels import Channels
    from bench.footprint.compressed import Compressed

Ratio = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class Li(FinetuningMethod):
    """In each layer the filters with the smallest sum of absolute weights go, with all that belongs to them.

    What is left is a smaller dense network. Only filters that no addition joins to others go: in residual networks,
    those inside blocks.

    Args:
        ratio: share of a layer's filters, rounded up; or one for each stage of a resolution, from first to last.
        skip: layers that stay whole, by name.
    """

    ratio: Ratio | tuple[Ratio, ...] = 0.5
    skip: tuple[str, ...] = ()

    family = "structured pruning"
    title = "Li"
    source = "li2017pruning"
    searched: ClassVar = {"ratio": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        from bench.compress import _thinning

        wanted = counts(compressed, self.ratio, self.skip)
        return _thinning.tuned(_thinning.thinned(compressed, wanted, _largest), workbench, distill=self.distill)


def counts(
    compressed: Compressed, ratio: float | tuple[float, ...], skip: tuple[str, ...]
) -> list[tuple[Channels, int]]:
    """How many filters are kept: all but ⌈ratio·filters⌉, at least one; of each part where there are several."""
    from math import ceil

    from bench.compress import _thinning

    groups = _thinning.prunable(compressed, skip)
    shares = _thinning.ratios(groups, ratio)

    def kept(group: Channels, share: float) -> int:
        # 0.1 * 30 is 3.0000000000000004: not a fourth filter
        return _thinning.left(group, lambda filters: filters - ceil(round(share * filters, 9)))

    return [(group, kept(group, share)) for group, share in zip(groups, shares, strict=True)]


def _largest(network: torch.nn.Module, group: Channels, count: int) -> torch.Tensor:
    from bench.compress import _thinning

    return _thinning.largest(network.get_parameter(group.writers[0]).detach().abs().flatten(1).sum(1), group, count)
