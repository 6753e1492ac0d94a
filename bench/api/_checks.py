"""Checks that several questions share."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from bench.errors import InputError, did_you_mean


def layers_exist(network: nn.Module, layers: Iterable[str]) -> None:
    """Raise InputError if the network lacks one of the modules, naming the nearest."""
    names = {name for name, _ in network.named_modules() if name}
    for layer in layers:
        if layer not in names:
            raise InputError(f"{type(network).__name__} has no module {layer!r}: {did_you_mean(layer, names)}")
