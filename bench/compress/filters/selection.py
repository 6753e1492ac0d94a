"""How many channels of each group go: ranked by scores within a scope, until a target is met within one channel."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import torch

from bench.compress.filters import thinning, widths
from bench.compress.filters.coupled import CoupledChannels
from bench.compress.method import NotApplicable
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace

Target = Literal["channels", "parameters", "macs", "bytes"]
Scope = Literal["layer", "global", "isomorphic"]
Size = Callable[[Sequence[int]], int]  # channels to keep, by group


@dataclass(frozen=True)
class ChannelRanking:
    """How channels of different groups are ranked against one another.

    Attributes:
        scope: "layer" takes the same share of every group; "global" ranks all channels together; "isomorphic" ranks
            together what has the same kinds of members, and takes the same share of each such class.
        normalise: what scores are divided by before channels of different groups are compared: the group's mean, its
            largest, or nothing.
        least: share of every group that stays.
        round_to: what remains of a group is a multiple of this, where anything goes.
    """

    scope: Scope = "global"
    normalise: Literal["mean", "max", "none"] = "mean"
    least: float = 0.1
    round_to: int = 1


@dataclass(frozen=True)
class _Step:
    """One removal: the next channel of every part of a group, or as many as `round_to` takes."""

    rank: tuple[float, ...]
    group: int
    kept: int


def kept_counts(
    compressed: Compressed,
    groups: Sequence[CoupledChannels],
    scores: Sequence[torch.Tensor],
    *,
    ranking: ChannelRanking,
    size: Size,
    most: float,
    floors: Sequence[int] | None = None,
) -> list[int]:
    """Channels to keep of each group: as many as `size` allows.

    Args:
        scores: (C,) by group; the least go first, and of equals the last.
        size: of the network that keeps so many of each group, see `size_of`; falls as channels go.
        most: what `size` may be.
        floors: fewest to keep of each group; default `ranking.least` of it.

    Raises:
        NotApplicable: it stays larger even with the fewest channels.
    """
    floors = [fewest(group, ranking.least) for group in groups] if floors is None else floors
    steps = _steps(compressed.network, groups, scores, ranking, floors)

    def counts(taken: int) -> list[int]:
        kept = [group.count for group in groups]
        for step in steps[:taken]:
            kept[step.group] = step.kept
        return kept

    # size falls along the sequence, so that bisection finds the first network that is small enough
    taken = bisect_left(range(len(steps) + 1), -most, key=lambda taken: -size(counts(taken)))
    if taken > len(steps):
        raise _too_large(size(counts(len(steps))), most)
    return counts(taken)


def require_reachable(
    compressed: Compressed, groups: Sequence[CoupledChannels], ranking: ChannelRanking, size: Size, most: int
) -> None:
    """Refuse a target that the fewest channels of every group do not meet; for the arguments see `kept_counts`.

    Raises:
        NotApplicable: they do not.
    """
    scores = [torch.zeros(group.count, dtype=torch.float64) for group in groups]
    kept = [group.count for group in groups]
    for step in _steps(compressed.network, groups, scores, ranking, [fewest(one, ranking.least) for one in groups]):
        kept[step.group] = step.kept
    if (least := size(kept)) > most:
        raise _too_large(least, most)


def _too_large(least: int, most: float) -> NotApplicable:
    return NotApplicable(
        f"with the fewest channels that each layer keeps it is still {least:,} large, and {most:,.0f} are asked for: "
        "expected a lower ratio or a lower least"
    )


def fewest(group: CoupledChannels, least: float) -> int:
    """The fewest channels of a group to keep: at least one of each part."""
    return group.parts * max(1, ceil(round(least * group.count / group.parts, 9)))


def size_of(
    compressed: Compressed, groups: Sequence[CoupledChannels], target: Target, choose: thinning.Choose | None = None
) -> Size:
    """The size of the network that keeps so many channels of each group.

    Args:
        target: in channels of these groups, parameters, multiply-accumulates of one image, or payload bytes in float32.
        choose: which channels are kept; default the first. What is zero already takes no bytes, so that these depend
            on it.
    """
    if target == "channels":
        return sum
    if target == "bytes":
        return lambda counts: widths.payload(thinning.thinned(compressed, list(zip(groups, counts)), choose or _first))
    network = compressed.network
    if target == "parameters":
        tensors = {name: parameter.numel() for name, parameter in network.named_parameters()}
        return lambda counts: _scaled(network, tensors, groups, counts)
    assert compressed.example is not None  # or no groups would have been found
    operations = trace(network, compressed.example).operations
    parameters = dict(network.named_parameters())
    macs: dict[str, int] = defaultdict(int)
    for operation in operations:
        weight = next((name for name in operation.parameters if name in parameters and parameters[name].ndim > 1), "")
        macs[weight] += operation.macs
    return lambda counts: _scaled(network, macs, groups, counts)


def _scaled(
    network: torch.nn.Module, amounts: Mapping[str, int], groups: Sequence[CoupledChannels], counts: Sequence[int]
) -> int:
    """The sum of amounts by tensor, each in proportion to what is left of the tensor's outputs and inputs."""
    # A convolution's parameters and its multiply-accumulates are both proportional to its outputs and to its inputs,
    # which several groups share if feature maps are concatenated.
    gone: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    divided: dict[str, int] = {}
    for group, count in zip(groups, counts, strict=True):
        lost = group.count - count
        for name in (*group.writers, *(follower.name for follower in group.followers)):
            gone[name][0] += lost
        for reader in group.readers:
            gone[reader.weight][1] += lost * reader.factor
            divided[reader.weight] = reader.groups
    now = dict(amounts)
    for name, (outputs, inputs) in gone.items():
        if name in now:
            shape = network.get_parameter(name).shape
            now[name] = now[name] * (shape[0] - outputs) // shape[0]
            if inputs:
                total = shape[1] * divided[name]
                now[name] = now[name] * (total - inputs) // total
    return sum(now.values())


def _first(network: torch.nn.Module, group: CoupledChannels, count: int) -> torch.Tensor:
    return thinning.largest(torch.zeros(group.count), group, count)


def _steps(
    network: torch.nn.Module,
    groups: Sequence[CoupledChannels],
    scores: Sequence[torch.Tensor],
    ranking: ChannelRanking,
    floors: Sequence[int],
) -> list[_Step]:
    """All removals in the order in which they are made."""
    classes: dict[object, list[_Step]] = defaultdict(list)
    for position, (group, score, floor) in enumerate(zip(groups, scores, floors, strict=True)):
        alike = {"layer": position, "global": 0, "isomorphic": _topology(network, group)}[ranking.scope]
        score = _normalised(score, ranking.normalise)
        classes[alike].extend(_of_group(position, group, score, floor, ranking.round_to))
    sizes = {alike: sum(groups[at].count for at in {step.group for step in steps}) for alike, steps in classes.items()}
    ordered: list[_Step] = []
    for alike, steps in classes.items():
        steps.sort(key=lambda step: step.rank)
        left = {at: groups[at].count for at in {step.group for step in steps}}
        for step in steps:
            left[step.group] = step.kept
            # of several classes, the one goes on that has lost the smaller share so far
            share = 0.0 if len(classes) == 1 else 1 - sum(left.values()) / sizes[alike]
            ordered.append(_Step((share, *step.rank), step.group, step.kept))
    # Python's sort is stable: of equals, the first group goes first
    return sorted(ordered, key=lambda step: step.rank) if len(classes) > 1 else ordered


def _of_group(position: int, group: CoupledChannels, scores: torch.Tensor, floor: int, round_to: int) -> list[_Step]:
    within = group.count // group.parts
    best = scores.reshape(group.parts, -1).sort(dim=1, descending=True, stable=True).values.mean(0).tolist()
    allowed = [kept for kept in range(within - 1, 0, -1) if group.parts * kept >= floor]
    allowed = [kept for kept in allowed if group.parts * kept % round_to == 0]
    steps, before = [], within
    for kept in allowed:
        gone = best[kept:before]
        steps.append(_Step((sum(gone) / len(gone), position), position, group.parts * kept))
        before = kept
    return steps


def _normalised(scores: torch.Tensor, by: str) -> torch.Tensor:
    divisor = {"mean": scores.mean(), "max": scores.max(), "none": torch.ones(())}[by]
    return scores / divisor if divisor > 0 else scores


def _topology(network: torch.nn.Module, group: CoupledChannels) -> tuple[str, ...]:
    """The kinds of layers that a group joins, in order."""
    modules = dict.fromkeys(name.rpartition(".")[0] for name in group.names)
    return (str(group.parts), *(_kind(network.get_submodule(name)) for name in modules))


def _kind(module: torch.nn.Module) -> str:
    kernel = getattr(module, "kernel_size", "")
    depthwise = getattr(module, "groups", 1) > 1
    return f"{type(module).__name__}{kernel}{' in groups' if depthwise else ''}"
