"""Hooks of a training's steps, and which of them leave no trace but in the network's tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

Hook = Callable[[int, int], None]  # step, steps
OURS = ("torch", "torchvision", "timm", "bench")  # whose modules remember nothing but tensors between two steps
PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.Size)


def nothing(*_: object) -> None:
    """The hook of a training that has none."""


def on_tensors(hook: Hook) -> Hook:
    """Mark a hook that reads and writes tensors of the network alone, and remembers nothing from step to step.

    A training with such hooks, or none, can go on from a checkpoint and be spread over several devices.
    """
    hook.on_tensors = True  # type: ignore[attr-defined]
    return hook


def to_the_end(hook: Any) -> Any:
    """Mark a hook, or a function that is one, by which a training is finished only at its end.

    Where masks or penalties change from step to step, the best network of an earlier epoch is none of theirs.
    """
    hook.to_the_end = True
    return hook


def any_to_the_end(*hooks: Hook | None) -> bool:
    """Whether one of the hooks is marked by `to_the_end`."""
    return any(getattr(hook, "to_the_end", False) for hook in hooks)


def all_on_tensors(*hooks: Hook | None) -> bool:
    """Whether each hook is none, or is marked by `on_tensors`."""
    return all(hook is None or getattr(hook, "on_tensors", False) for hook in hooks)


def plain_values(network: nn.Module) -> dict[str, object] | None:
    """What modules from elsewhere keep besides tensors, by name; None if it cannot be told whether that changes.

    A training can go on elsewhere only if its network is its tensors: a copy that is given them computes the same.
    Modules of `OURS` are trusted; others may hold numbers and names, which must stay what they were.
    """
    if any(isinstance(tensor, UninitializedParameter) for tensor in network.parameters()):
        return None
    if any(parameter._post_accumulate_grad_hooks for parameter in network.parameters()):
        return None
    values: dict[str, object] = {}
    for name, module in network.named_modules():
        # A method or a package that adds hooks, or another `forward`, may decide anything in Python.
        if "forward" in vars(module) or any(getattr(module, f"_{kind}_hooks") for kind in KINDS):
            return None
        if type(module).__module__.partition(".")[0] in OURS:
            continue
        for key, value in vars(module).items():
            if key in INTERNAL:
                continue
            if not _is_plain(value):
                return None
            values[f"{name}.{key}"] = value
    return values


KINDS = ("forward", "forward_pre", "backward", "backward_pre")
INTERNAL = frozenset(vars(nn.Module()))


def _is_plain(value: object) -> bool:
    return isinstance(value, PLAIN) or (isinstance(value, tuple) and all(map(_is_plain, value)))
