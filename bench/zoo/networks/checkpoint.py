"""Weights from a file into a network, or a sentence that says why they do not fit."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from bench.errors import InputError

NESTED_UNDER = ("state_dict", "model_state_dict", "model")  # keys under which training scripts keep the weights
WRAPPER = "module."  # prefix that torch.nn.DataParallel gives to every name
NOT_NEEDED = "num_batches_tracked"  # older checkpoints lack it, and no answer depends on it
SHOWN = 5  # differences of each kind that a message lists


def load_checkpoint(network: nn.Module, path: Path | str) -> None:
    """Load weights into a network, in place.

    Args:
        path: safetensors, or a weights-only .pth; the weights may be nested under "state_dict" or "model", and their
            names may begin with "module.".

    Raises:
        InputError: the file does not exist, holds no weights, or they do not fit; with the names and shapes that
            differ.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"checkpoint {str(path)!r} cannot be read: {error.strerror}") from error
    load_bytes(network, data, str(path))


def load_bytes(network: nn.Module, data: bytes, name: str) -> None:
    """Load weights from a file's content; see `load_checkpoint`.

    Args:
        name: of the file, for messages.
    """
    weights = _unwrapped(_read(data, name), name)
    problems = differences(network.state_dict(), weights)
    if problems:
        raise InputError(f"checkpoint {name!r} does not fit {type(network).__name__}: {'; '.join(problems)}")
    fill(network, weights)


def fill(network: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Put tensors into a network by name; tensors without a new value stay.

    A network's own state dictionary carries the versions of its modules, which some of them need; a plain dictionary
    does not.
    """
    state = network.state_dict()
    state.update(weights)
    network.load_state_dict(state)


def differences(expected: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> list[str]:
    """Why weights do not fit a network: one clause each for missing, unexpected and mis-shaped tensors."""
    misshapen = [
        f"{key} is {_shape(weights[key])} instead of {_shape(tensor)}"
        for key, tensor in expected.items()
        if key in weights and weights[key].shape != tensor.shape
    ]
    missing = [
        f"{key} {_shape(tensor)}"
        for key, tensor in expected.items()
        if key not in weights and not key.endswith(NOT_NEEDED)
    ]
    unexpected = [f"{key} {_shape(tensor)}" for key, tensor in sorted(weights.items()) if key not in expected]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": misshapen}
    return [f"{len(items)} {kind} ({_few(items)})" for kind, items in kinds.items() if items]


def _read(data: bytes, name: str) -> Any:
    with contextlib.suppress(safetensors.SafetensorError):
        return safetensors.torch.load(data)
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # on foreign bytes the reader fails in many ways
        raise InputError(
            f"checkpoint {name!r} is truncated, or neither safetensors nor a .pth file of weights alone "
            "(save a state_dict(), not a whole network)"
        ) from error


def _unwrapped(content: Any, name: str) -> dict[str, torch.Tensor]:
    """The weights themselves, under the names that the network knew before it was wrapped."""
    inner = [content[key] for key in NESTED_UNDER if isinstance(content, dict) and isinstance(content.get(key), dict)]
    weights = inner[0] if inner else content
    if not isinstance(weights, dict) or not weights or not all(map(_is_tensor, weights.items())):
        raise InputError(f"checkpoint {name!r} holds no weights: expected tensors by name, as state_dict() gives them")
    if all(key.startswith(WRAPPER) for key in weights):
        weights = {key.removeprefix(WRAPPER): tensor for key, tensor in weights.items()}
    return dict(weights)


def _is_tensor(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], torch.Tensor)


def _shape(tensor: torch.Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "scalar"


def _few(items: list[str]) -> str:
    more = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {more} more" if more > 0 else "")
