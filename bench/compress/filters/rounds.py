"""Structured pruning by scores, at once or in rounds with fine-tuning between them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Protocol

import torch

from bench.compress.filters import selection, thinning
from bench.compress.filters.coupled import CoupledChannels
from bench.compress.filters.selection import ChannelRanking, Target
from bench.compress.pruning.masking import retrained
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


class Prunes(Protocol):
    """What a method says of channels, see `bench.compress.filters.structured.StructuredMethod`."""

    def eligible(self, network: torch.nn.Module, groups: list[CoupledChannels]) -> list[CoupledChannels]: ...

    def prepared(self, compressed: Compressed, workbench: Workbench, groups: list[CoupledChannels]) -> Compressed: ...

    def score(
        self, network: torch.nn.Module, groups: list[CoupledChannels], workbench: Workbench
    ) -> list[torch.Tensor]: ...


def pruned(
    compressed: Compressed,
    workbench: Workbench,
    method: Prunes,
    *,
    ratio: float,
    target: Target,
    ranking: ChannelRanking,
    which: thinning.Which,
    skip: tuple[str, ...] = (),
    rounds: int = 1,
    epochs: float,
    distill: bool = False,
) -> Compressed:
    """Remove channels until `ratio` of the target is gone, in `rounds` equal shares, and fine-tune after each.

    Args:
        method: scores channels, anew in each round.
        epochs: of fine-tuning, over all rounds.

    Raises:
        NotApplicable: no channels can be removed, or not enough.
    """
    groups = method.eligible(compressed.network, thinning.prunable(compressed, skip, which))
    size = selection.size_of(compressed, groups, target)
    full = size([group.count for group in groups])
    compressed = method.prepared(compressed, workbench, groups)
    floors = {group.writers: selection.fewest(group, ranking.least) for group in groups}
    for number in range(1, rounds + 1):
        groups = method.eligible(compressed.network, thinning.prunable(compressed, skip, which))
        counts = selection.kept_counts(
            compressed,
            groups,
            scores := method.score(deepcopy(compressed.network).eval(), groups, workbench),
            ranking=ranking,
            size=selection.size_of(compressed, groups, target),
            most=full * (1 - ratio * number / rounds),
            floors=[min(floors[group.writers], group.count) for group in groups],
        )
        compressed = thinning.thinned(compressed, list(zip(groups, counts, strict=True)), _by(groups, scores))
        compressed = retrained(compressed, workbench, distill=distill, epochs=epochs / rounds)
    return compressed


def _by(groups: Sequence[CoupledChannels], scores: Sequence[torch.Tensor]) -> thinning.Choose:
    of_group = {group.writers: score for group, score in zip(groups, scores, strict=True)}
    return lambda network, group, count: thinning.largest(of_group[group.writers], group, count)
