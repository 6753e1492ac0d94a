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


def layers_exist(network: nn.Module, layers: Iterable[str]) -> None:
    """Raise InputError if the network lacks one of the modules, naming the nearest; `relu#2` is a call of `relu`."""
    for layer in layers:
        text("layer", layer)
        checked(network, layer)


def uncompiled(network: nn.Module) -> nn.Module:
    """The module that `torch.compile` was given: its hooks run, and its layers have their own names."""
    return network._orig_mod if isinstance(network, OptimizedModule) else network


def whole(name: str, value: Any, least: int) -> None:
    """Raise InputError if a setting is no whole number, or one that is too small."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name}: expected a whole number from {least}, not {value!r}")


def text(name: str, value: Any) -> None:
    """Raise InputError if a name is no text."""
    if not isinstance(value, str):
        raise InputError(f"{name}: expected a name, not {value!r}")


def takes(network: nn.Module, images: torch.Tensor) -> None:
    """Raise InputError if the network cannot compute with one of the images, with its own reason."""
    if not isinstance(images, torch.Tensor) or images.ndim < 2 or not len(images):
        given = (
            f"{type(images).__name__}" if not isinstance(images, torch.Tensor) else f"a tensor {tuple(images.shape)}"
        )
        raise InputError(f"images are a tensor (n, C, H, W) of at least one image, not {given}")
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
