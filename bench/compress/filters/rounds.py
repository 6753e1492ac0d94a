"""Structured pruning by scores, at once or in rounds with fine-tuning between them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from math import floor
from typing import Protocol

import torch

from bench.compress.filters import selection, thinning
from bench.compress.filters.coupled import CoupledChannels
from bench.compress.filters.selection import ChannelRanking, Target
from bench.compress.method import NotApplicable
from bench.compress.pruning.masking import retrained
from bench.compress.workbench import Workbench, divided
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
    thinning.say_what_stays(compressed, which)
    size = selection.size_of(compressed, groups, target)
    full = size([group.count for group in groups])
    present = {group.writers: group.count for group in groups}
    floors = {group.writers: selection.fewest(group, ranking.least) for group in groups}
    if target != "bytes" or not compressed.masks:  # zeros take no bytes, so that these depend on which channels stay
        # what cannot be reached is refused before anything is trained
        selection.require_reachable(compressed, groups, ranking, size, _share(full, ratio))
    compressed = method.prepared(compressed, workbench, groups)
    for number, length in enumerate(divided(workbench, epochs, rounds), 1):
        groups = [group for group in _left(compressed, method, skip, which) if group.writers in present]
        scores = method.score(deepcopy(compressed.network).eval(), groups, workbench) if groups else []
        by = _by(groups, scores)
        # a group of one channel a part is found no more, and counts all the same
        gone = sum(present.values()) - sum(group.count for group in groups) if target == "channels" else 0
        counts = selection.kept_counts(
            compressed,
            groups,
            scores,
            ranking=ranking,
            size=selection.size_of(compressed, groups, target, by),
            most=_share(full, ratio * number / rounds) - gone,
            floors=[min(floors[group.writers], group.count) for group in groups],
        )
        present.update((group.writers, count) for group, count in zip(groups, counts, strict=True))
        compressed = thinning.thinned(compressed, list(zip(groups, counts, strict=True)), by)
        compressed = retrained(compressed, workbench, distill=distill, epochs=length)
    return compressed


def _share(full: int, ratio: float) -> int:
    """What remains of a size without a share, rounded down; 0.9 of 20 leaves 2, though 1 - 0.9 is less than 0.1."""
    return floor(round(full * (1 - ratio), 6))


def _left(
    compressed: Compressed, method: Prunes, skip: tuple[str, ...], which: thinning.Which
) -> list[CoupledChannels]:
    """The groups that can still lose channels, maybe none."""
    try:
        return method.eligible(compressed.network, thinning.prunable(compressed, skip, which))
    except NotApplicable:
        return []


def _by(groups: Sequence[CoupledChannels], scores: Sequence[torch.Tensor]) -> thinning.Choose:
    of_group = {group.writers: score for group, score in zip(groups, scores, strict=True)}
    return lambda network, group, count: thinning.largest(of_group[group.writers], group, count)
