"""What a notebook may get wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bench.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from torch import nn


def layers_exist(network: nn.Module, layers: Iterable[str]) -> None:
    """Raises InputError, naming the nearest, where the network has no such module."""
    known = {name for name, _ in network.named_modules() if name}
    for layer in layers:
        if layer not in known:
            raise InputError(f"{type(network).__name__} has no module {layer!r}: {did_you_mean(layer, known)}")
