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
from bench.folders import is_file, is_there
from bench.zoo.networks.wrappings import EXTRA, matching, state_dicts, torn, under_own_names

NOT_NEEDED = "num_batches_tracked"  # older checkpoints lack it, and no answer depends on it
COPIES = 8  # of the file and of the network, that a file may need: averages, moments of an optimizer
SPARE = 2**26  # bytes that any file may need
NESTED, PARTS = 32, 1_000_000  # dictionaries and lists within one another, and in all
SHOWN = 5  # differences of each kind that a message lists


def load_checkpoint(network: nn.Module, path: Path | str) -> None:
    """Load weights into a network, in place.

    Args:
        path: safetensors, or a weights-only .pth. The weights may be nested under any names, and theirs may have the
            prefixes of wrappers; masks and norms that were left on are applied (see `bench.zoo.networks.wrappings`).
            Of several dictionaries that fit, the one is taken that isn't called an average (`ema`).

    Raises:
        InputError: the file does not exist, holds no weights, or they do not fit; with the names, shapes and types
            that differ.
    """
    try:
        if is_there(Path(path)) and not is_file(Path(path)):  # a pipe's reader would wait for ever
            raise InputError(f"checkpoint {str(path)!r} cannot be read: it is no file")
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"checkpoint {str(path)!r} cannot be read: {error.strerror}") from error
    except ValueError as error:  # no path can hold a NUL
        raise InputError(f"checkpoint {str(path)!r} cannot be read: {error}") from error
    load_bytes(network, data, str(path))


def load_bytes(network: nn.Module, data: bytes, name: str) -> None:
    """Load weights from a file's content; see `load_checkpoint`.

    Args:
        name: of the file, for messages.
    """
    content = _read(data, name)
    check_memory(content, len(data), network, name)
    load_content(network, content, name)


def load_content(network: nn.Module, content: Any, name: str) -> None:
    """Load weights from what a file holds, dictionaries in which tensors are nested; see `load_checkpoint`.

    Args:
        name: of the file, for messages.
    """
    kind = type(network).__name__
    if any(nn.parameter.is_lazy(tensor) for tensor in (*network.parameters(), *network.buffers())):
        raise InputError(f"checkpoint {name!r}: {kind} has lazy layers without shapes, pass an image through it first")
    candidates = state_dicts(content)
    if not candidates:
        raise InputError(f"checkpoint {name!r} holds no weights: expected tensors by name, as state_dict() gives them")
    # Only the network can tell weights from an optimizer's state, and a wrapper's prefix from an attribute of its own
    # that is called `module`: every dictionary of the file is tried, and the one most like it is loaded or refused.
    expected = network.state_dict()
    renamed = [under_own_names(network, tensors) for tensors in candidates]
    weights = max(renamed, key=lambda weights: (not differences(expected, weights), matching(expected, weights)))
    problems = differences(expected, weights)
    if problems:
        raise InputError(f"checkpoint {name!r} does not fit {kind}: {'; '.join(problems)}")
    if pairs := torn(network, weights):
        raise InputError(f"checkpoint {name!r} does not fit {kind}: {pairs[0]} differ, one tensor in the network")
    try:
        fill(network, weights)
    except Exception as error:  # hooks of the network's own may refuse in any way
        reason = str(error).strip().rpartition("\n")[2].strip()
        raise InputError(f"checkpoint {name!r} does not load into {kind}: {reason}") from error


def check_memory(content: Any, size: int, network: nn.Module, name: str) -> None:
    """Refuse what would take far more memory than the file and the network do, or is nested without an end.

    A few bytes can stand for a tensor of any size, sparse or one number that is repeated along every axis, and for a
    dictionary that holds itself.

    Args:
        size: of the file, bytes.
        name: of the file, for messages.

    Raises:
        InputError: it would, or is.
    """
    tensors = _all_tensors(content, name)
    needed = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    # a module may keep something besides tensors in its state, and a lazy one has parameters without a shape
    state = network.state_dict().values()
    known = [value for value in state if isinstance(value, torch.Tensor) and not nn.parameter.is_lazy(value)]
    of_network = sum(tensor.numel() * tensor.element_size() for tensor in known)
    if needed > SPARE + COPIES * (size + of_network):
        largest = max(tensors, key=torch.Tensor.numel)
        raise InputError(
            f"checkpoint {name!r} of {size:,} bytes stands for {needed:,} bytes of tensors, one of them "
            f"{_shape(largest)}, which do not belong to {type(network).__name__}"
        )


def _all_tensors(content: Any, name: str) -> list[torch.Tensor]:
    tensors, parts, waiting = [], 0, [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        parts += 1
        if isinstance(value, torch.Tensor):
            if value.is_nested:  # of several shapes
                raise InputError(f"checkpoint {name!r} holds a nested tensor, which is no weight: save a state_dict()")
            tensors += [] if value.is_meta else [value]
        elif depth > NESTED or parts > PARTS:
            raise InputError(f"checkpoint {name!r} is nested too deep, or without an end: save a state_dict()")
        elif isinstance(value, Mapping | list | tuple):
            inner = value.values() if isinstance(value, Mapping) else value
            waiting += [(each, depth + 1) for each in inner if isinstance(each, torch.Tensor | Mapping | list | tuple)]
    return tensors


def nearest_in(data: bytes, network: nn.Module, name: str) -> Mapping[str, Any]:
    """The weights in a file's content that are most like a network's, by name and shape; they need not fit.

    Raises:
        InputError: the file holds no weights.
    """
    content = _read(data, name)
    check_memory(content, len(data), network, name)
    candidates = state_dicts(content)
    if not candidates:
        raise InputError(f"weights {name!r}: the file holds no weights, expected tensors by name")
    expected = network.state_dict()
    return max((under_own_names(network, tensors) for tensors in candidates), key=lambda w: matching(expected, w))


def fill(network: nn.Module, weights: Mapping[str, Any]) -> None:
    """Put tensors into a network by name; tensors without a new value stay.

    A network's own state dictionary carries the versions of its modules, which some of them need; a plain dictionary
    does not.
    """
    state = network.state_dict()
    state.update(weights)
    network.load_state_dict(state)


def differences(expected: Mapping[str, Any], weights: Mapping[str, Any]) -> list[str]:
    """Why weights do not fit a network: one clause each for missing, unexpected, mis-shaped and mistyped tensors.

    What a module keeps besides tensors (`get_extra_state`) is not compared.
    """
    expected, weights = _tensors(expected), _tensors(weights)
    both = {key: (weights[key], tensor) for key, tensor in expected.items() if key in weights}
    misshapen = [
        f"{key} is {_shape(given)} instead of {_shape(tensor)}"
        for key, (given, tensor) in both.items()
        if given.shape != tensor.shape
    ]
    mistyped = [
        f"{key} is {_type(given)} instead of {_type(tensor)}"
        for key, (given, tensor) in both.items()
        if not _converts(given, tensor) and not key.endswith(NOT_NEEDED)
    ]
    empty = [key for key, (given, _) in both.items() if given.is_meta]
    missing = [
        f"{key} {_shape(tensor)}"
        for key, tensor in expected.items()
        if key not in weights and not key.endswith(NOT_NEEDED)
    ]
    unexpected = [f"{key} {_shape(tensor)}" for key, tensor in sorted(weights.items()) if key not in expected]
    kinds = {
        "missing": missing,
        "unexpected": unexpected,
        "of another shape": misshapen,
        "of another type": mistyped,
        "without values": empty,
    }
    return [f"{len(items)} {kind} ({_few(items)})" for kind, items in kinds.items() if items]


def _converts(given: torch.Tensor, tensor: torch.Tensor) -> bool:
    """Whether numbers of one type are meant as numbers of the other: integer codes without a scale are no weights."""
    kinds = [(side.is_complex(), side.is_floating_point(), side.dtype is torch.bool) for side in (given, tensor)]
    return kinds[0] == kinds[1]


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


def _tensors(state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {key: tensor for key, tensor in state.items() if key.rpartition(".")[2] != EXTRA}


def _type(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _shape(tensor: torch.Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "scalar"


def _few(items: list[str]) -> str:
    more = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {more} more" if more > 0 else "")
