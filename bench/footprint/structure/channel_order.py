"""Which channels of the original a module's output holds, after channels were removed or put in another order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

KIND = "channel-order"
MOST = 10_000_000  # channels that the rows of a step may have: a network of hundreds of layers has some 100,000

# Channels that follow one another: (how many, the number of the group that says which of them stay), or (how many,) if
# all stay as they are.
RowParts = tuple[tuple[int, ...], ...]


def apply(network: torch.nn.Module, groups: list[dict[str, Any]]) -> torch.nn.Module:
    """The network as it is: the step changes no module, it says what their outputs are.

    Args:
        groups: {"modules": names, "kept": indices}: channel i of these modules' outputs is channel kept[i] of what they
            put out before the step. {"modules": names, "row": [[count, number], [count], ...]}: their outputs were so
            many channels each, of which the group of that number says which are left, or all.

    Raises:
        ValueError: they are anything else.
    """
    if sum(_width(group.get("row", [])) for group in groups) > MOST:
        raise ValueError(f"its rows have more than {MOST:,} channels")
    for group in groups:
        if not all(isinstance(name, str) for name in group["modules"]):
            raise ValueError("modules are given by their names")
        if not all(type(index) is int and index >= 0 for index in _kept(group, groups)):
            raise ValueError("channels are given by their indices")
        if len(set(_kept(group, groups))) != len(_kept(group, groups)):
            raise ValueError("channels are given by their indices, each once")
    return network


def step(
    groups: Iterable[tuple[Iterable[str], Iterable[int]]], rows: Iterable[tuple[Iterable[str], RowParts]] = ()
) -> dict[str, Any]:
    """The structural step that records, for some modules at a time, which channels their outputs kept.

    Args:
        groups: names of modules, and the channels.
        rows: names of modules that put out channels of several groups, and what these are.
    """
    listed: list[dict[str, Any]] = [
        {"modules": list(modules), "kept": [int(index) for index in kept]} for modules, kept in groups
    ]
    listed += [{"modules": list(modules), "row": [list(part) for part in row]} for modules, row in rows]
    return {"kind": KIND, "groups": listed}


def kept_channels(structure: Iterable[Mapping[str, Any]], module: str) -> tuple[int, ...] | None:
    """Which channels of the original network's module a compressed network's puts out; None if nothing says so.

    >>> steps = [step([(["a"], [3, 1, 0])]), step([(["a", "b"], [2, 0])], [(["c"], ((2,), (3, 0)))])]
    >>> kept_channels(steps, "a"), kept_channels(steps, "b"), kept_channels(steps, "c"), kept_channels(steps, "d")
    ((0, 3), (2, 0), (0, 1, 4, 2), None)
    """
    kept: tuple[int, ...] | None = None
    names = {module, module.removesuffix("#1")}  # the only call of a module is listed without a number
    for groups in (step["groups"] for step in structure if step.get("kind") == KIND):
        for group in groups:
            if names & set(group["modules"]):
                now = _kept(group, groups)
                # A second step counts the channels that the first one left.
                kept = now if kept is None else tuple(kept[index] for index in now if index < len(kept))
    return kept


def _kept(group: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """The channels of a group, or of a row of groups.

    Raises:
        ValueError: a row names a group that lists more channels than there are, or none.
    """
    return tuple(group["kept"]) if "kept" in group else tuple(_along(group["row"], groups))


def _along(row: Sequence[Sequence[int]], groups: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    if _width(row) > MOST:
        raise ValueError(f"a row has more than {MOST:,} channels")
    start = 0
    for count, *numbers in row:
        kept = range(count)
        if numbers:
            (number,) = numbers
            if type(number) is not int or not 0 <= number < len(groups):
                raise ValueError("channels in a row are those of groups")
            kept = groups[number]["kept"]
        for index in kept:
            if type(index) is not int or not 0 <= index < count:
                raise ValueError("channels in a row are counted within it")
            yield start + index
        start += count


def _width(row: Sequence[Sequence[int]]) -> int:
    """Channels of a row before the step."""
    if not all(type(count) is int and count > 0 for count, *_ in row):
        raise ValueError("a row has some channels of each kind")
    return sum(count for count, *_ in row)
