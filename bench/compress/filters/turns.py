"""Layers thinned in turns, with fine-tuning after each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.compress.filters import thinning
from bench.compress.filters.coupled import CoupledChannels
from bench.compress.filters.thinning import Choose, Kept, Which
from bench.compress.pruning.masking import retrained
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

Turn = dict[tuple[str, ...], int]  # how many channels to keep, by the layers that write them
Choices = Callable[[Compressed, Sequence[CoupledChannels]], Choose]  # the network and what is thinned in this turn


def planned(
    compressed: Compressed,
    ratio: float | tuple[float, ...],
    skip: tuple[str, ...],
    kept: Kept,
    which: Which,
    *,
    one_by_one: bool,
    rounds: int,
) -> list[Turn]:
    """The turns in which layers lose a share of their channels.

    Args:
        ratio, skip, kept, which: see `thinning.counts`.
        one_by_one: whether each layer has turns of its own.
        rounds: in which every layer gets nearer to its ratio by equal steps.

    Raises:
        NotApplicable: see `thinning.counts`.
    """
    groups = [group for group, _ in thinning.counts(compressed, ratio, skip, kept, which)]
    thinning.say_what_stays(compressed, which)
    present = {group.writers: group.count for group in groups}
    turns: list[Turn] = []
    for number in range(1, rounds + 1):
        counts = thinning.counts(compressed, _scaled(ratio, number / rounds), skip, kept, which)
        turn = {group.writers: count for group, count in counts if count < present[group.writers]}
        turns += [{writers: count} for writers, count in turn.items()] if one_by_one else [turn]
        present.update(turn)
    return turns or [{}]


def thinned(
    compressed: Compressed,
    workbench: Workbench,
    turns: Sequence[Turn],
    choices: Choices,
    which: Which,
    *,
    distill: bool,
) -> Compressed:
    """A copy thinned in turns, and fine-tuned after each for an equal part of the recipe's steps.

    Args:
        choices: asked in every turn for how to choose channels.
        which: see `thinning.prunable`.

    Raises:
        NotApplicable: the thinner network does not run.
    """
    lengths = workbench.divided(workbench.epochs, len(turns)) if len(turns) > 1 else [None]
    for turn, epochs in zip(turns, lengths, strict=True):
        # groups are looked for anew, since their sizes changed, and weights that choices go by were trained
        groups = [group for group in thinning.prunable(compressed, (), which) if group.writers in turn]
        targets = [(group, turn[group.writers]) for group in groups]
        compressed = thinning.thinned(compressed, targets, choices(compressed, groups))
        compressed = retrained(compressed, workbench, distill=distill, epochs=epochs)
    return compressed


def _scaled(ratio: float | tuple[float, ...], part: float) -> float | tuple[float, ...]:
    return ratio * part if isinstance(ratio, (int, float)) else tuple(share * part for share in ratio)
