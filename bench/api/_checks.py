"""Checks that several questions share."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch._dynamo import OptimizedModule

from bench.compress.method import first_line
from bench.diagnose.networks import device_of, still
from bench.errors import InputError
from bench.zoo.networks.calls import checked


def layers_exist(network: nn.Module, layers: Iterable[str]) -> None:
    """Raise InputError if the network lacks one of the modules, naming the nearest; `relu#2` is a call of `relu`."""
    for layer in layers:
        checked(network, layer)


def uncompiled(network: nn.Module) -> nn.Module:
    """The module that `torch.compile` was given: its hooks run, and its layers have their own names."""
    return network._orig_mod if isinstance(network, OptimizedModule) else network


def takes(network: nn.Module, images: torch.Tensor) -> None:
    """Raise InputError if the network cannot compute with one of the images, with its own reason."""
    try:
        with torch.no_grad(), still(network):
            network(images[:1].to(device_of(network)))
    except InputError:
        raise
    except Exception as error:  # a network may raise anything
        shape, kind = tuple(images.shape[1:]), str(images.dtype).removeprefix("torch.")
        reason = first_line(error)
        raise InputError(f"{type(network).__name__} does not take {kind} images {shape}: {reason}") from error
