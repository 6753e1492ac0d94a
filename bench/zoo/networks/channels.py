"""Which axis of a module's output its channels lie along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from bench.zoo.networks.calls import parsed

FIRST = ("out_channels", "num_features", "num_channels")  # of convolutions and of their normalisations
LAST = {"out_features": nn.Linear, "embed_dim": nn.MultiheadAttention, "embedding_dim": nn.Embedding}
NORMS = (nn.LayerNorm, nn.RMSNorm)


def channel_axis(network: nn.Module, layer: str, shape: Sequence[int]) -> int:
    """The axis of channels: 1, as convolutions put them out, or the last, as transformers do.

    Transformers put out (n, tokens, width), some of them (n, H, W, C). Widths decide: those of convolutions and batch
    normalisations within the module stand behind the first axis, those of linear layers and layer normalisations at
    the end. Where a module has neither, such as an activation, those of the whole network do.

    Args:
        layer: the name of a module, or of one of its calls.
        shape: of what it puts out, images first.

    >>> tokens = nn.Sequential(nn.Linear(8, 12), nn.GELU())
    >>> channel_axis(tokens, "0", (2, 5, 12)), channel_axis(tokens, "1", (2, 5, 12))
    (2, 2)
    >>> channel_axis(nn.Sequential(nn.Conv1d(3, 5, 1)), "0", (2, 5, 12))
    1
    """
    call = parsed(network, layer)
    if call is None or len(shape) not in (3, 4):
        return 1
    first, last = _widths(network.get_submodule(call[0]))
    if not first and not last:
        first, last = _widths(network)
    if shape[1] in first and (shape[-1] not in last or len(shape) == 4):
        return 1
    # three axes behind a network of linear layers alone are tokens of any width
    return len(shape) - 1 if shape[-1] in last or (len(shape) == 3 and not first) else 1


def channels_first(network: nn.Module, layer: str, output: torch.Tensor) -> torch.Tensor:
    """A view of a module's output with its channels along axis 1: (n, C, ...), or (n,) as it is."""
    if output.ndim < 2:
        return output
    return output.movedim(channel_axis(network, layer, output.shape), 1)


def _widths(module: nn.Module) -> tuple[set[int], set[int]]:
    """Numbers of channels that layers within a module put out, behind the first axis and at the end."""
    first: set[int] = set()
    last: set[int] = set()
    for part in module.modules():
        made: Any = part
        if isinstance(part, NORMS):
            # ConvNeXt's LayerNorm2d, here and in timm, is given feature maps
            (first if "2d" in type(part).__name__ else last).add(int(made.normalized_shape[-1]))
        first |= {int(getattr(made, name)) for name in FIRST if _has(made, name)}
        last |= {int(getattr(made, name)) for name, kind in LAST.items() if isinstance(part, kind)}
    return first, last


def _has(module: Any, name: str) -> bool:
    return type(getattr(module, name, None)) is int
