"""Which channels of the original a module's output holds, after channels were removed or put in another order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

KIND = "channel-order"


def apply(network: torch.nn.Module, groups: list[dict[str, Any]]) -> torch.nn.Module:
    """The network as it is: the step changes no module, it says what their outputs are.

    Args:
        groups: {"modules": names, "kept": indices}: channel i of these modules' outputs is channel kept[i] of what they
            put out before the step.

    Raises:
        ValueError: they are anything else.
    """
    for group in groups:
        modules, kept = group["modules"], group["kept"]
        if not all(isinstance(name, str) for name in modules):
            raise ValueError("modules are given by their names")
        if not all(type(index) is int and index >= 0 for index in kept) or len(set(kept)) != len(kept):
            raise ValueError("channels are given by their indices, each once")
    return network


def step(groups: Iterable[tuple[Iterable[str], Iterable[int]]]) -> dict[str, Any]:
    """The structural step that records, for some modules at a time, which channels their outputs kept."""
    listed = [{"modules": list(modules), "kept": [int(index) for index in kept]} for modules, kept in groups]
    return {"kind": KIND, "groups": listed}


def kept_channels(structure: Iterable[Mapping[str, Any]], module: str) -> tuple[int, ...] | None:
    """Which channels of the original network's module a compressed network's puts out; None if nothing says so.

    >>> steps = [step([(["a"], [3, 1, 0])]), step([(["a", "b"], [2, 0])])]
    >>> kept_channels(steps, "a"), kept_channels(steps, "b"), kept_channels(steps, "c")
    ((0, 3), (2, 0), None)
    """
    kept: tuple[int, ...] | None = None
    names = {module, module.removesuffix("#1")}  # the only call of a module is listed without a number
    for group in (group for step in structure if step.get("kind") == KIND for group in step["groups"]):
        if names & set(group["modules"]):
            now = tuple(group["kept"])
            # A second step counts the channels that the first one left.
            kept = now if kept is None else tuple(kept[index] for index in now if index < len(kept))
    return kept
