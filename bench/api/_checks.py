"""Checks that several questions share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch._dynamo import OptimizedModule

from bench.compress.method import first_line
from bench.diagnose.networks import check_in_place, device_of, still
from bench.errors import InputError, limit
from bench.zoo.networks.calls import checked

LARGEST = 2**63 - 1  # seeds and counts beyond it fit no generator


def layers_exist(network: nn.Module, layers: Iterable[str]) -> None:
    """Raise InputError if a network is none or lacks one of the modules, naming the nearest; `relu#2` is a call."""
    is_network(network)
    for layer in layers:
        text("layer", layer)
        checked(network, layer)


def uncompiled(network: nn.Module) -> nn.Module:
    """The module that `torch.compile` was given: its hooks run, and its layers have their own names."""
    return network._orig_mod if isinstance(network, OptimizedModule) else network


def is_network(value: Any) -> None:
    """Raise InputError if a network is none, e.g. its name or its weights."""
    if not isinstance(value, nn.Module):
        raise InputError(f"expected a network, a torch.nn.Module, not {type(value).__name__}")


def whole(name: str, value: Any, least: int) -> None:
    """Raise InputError if a setting is no whole number, one that is too small, or beyond 63 bits."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= LARGEST:
        shown = repr(value) if not isinstance(value, int) or abs(value) <= LARGEST else "one of more than 63 bits"
        raise InputError(f"{name}: expected a whole number from {least}, not {shown}")


def listed(name: str, value: Any, of: str) -> list[Any]:
    """The elements of a list, or of anything that yields some.

    Raises:
        InputError: it is a single text or number.
    """
    try:
        elements = None if isinstance(value, str | bytes) else iter(value)
    except TypeError:
        elements = None
    if elements is None:
        raise InputError(f"{name}: expected a list of {of}, not {value!r}")
    return list(elements)


def yes_or_no(name: str, value: Any) -> None:
    """Raise InputError if a setting is neither True nor False; any text counts as true in Python."""
    if not isinstance(value, bool):
        raise InputError(f"{name}: expected True or False, not {value!r}")


def text(name: str, value: Any) -> None:
    """Raise InputError if a name is no text."""
    if not isinstance(value, str):
        raise InputError(f"{name}: expected a name, not {value!r}")


def takes(network: nn.Module, images: torch.Tensor) -> None:
    """Raise InputError if the network cannot compute with one of the images, with its own reason."""
    is_network(network)
    if not isinstance(images, torch.Tensor) or images.ndim < 2 or not len(images):
        given = (
            f"{type(images).__name__}" if not isinstance(images, torch.Tensor) else f"a tensor {tuple(images.shape)}"
        )
        raise InputError(f"images are a tensor (n, C, H, W) of at least one image, not {given}")
    states = (*network.named_parameters(), *network.named_buffers())
    if empty := next((name for name, tensor in states if tensor.is_meta), None):
        raise InputError(f"{empty} is on the meta device and has no values: load weights first")
    try:
        with torch.no_grad(), still(network):
            network(images[:1].to(device_of(network)))
        check_in_place(network, images[:1].to(device_of(network)))
    except InputError:
        raise
    except Exception as error:  # a network may raise anything
        if limit(error):
            raise
        shape, kind = tuple(images.shape[1:]), str(images.dtype).removeprefix("torch.")
        reason = first_line(error)
        raise InputError(f"{type(network).__name__} does not take {kind} images {shape}: {reason}") from error
