"""What a layer reads, one row per output position, and the Hessian of its squared error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.conv import _ConvTransposeNd

ELEMENTS = 2**23  # of unfolded inputs at a time: 64 MB in float64
PARTS = 4  # of the columns, whose products are taken once per pair
TRANSPOSED: dict[int, Callable[..., torch.Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


def groups(layer: Any) -> int:
    """Of a convolution; 1 for a linear layer."""
    return 1 if isinstance(layer, nn.Linear) else layer.groups


def matrices(layer: Any, weight: torch.Tensor) -> torch.Tensor:
    """A layer's weight, or a tensor of its shape, as (groups, Cout / groups, columns).

    Rows of a transposed convolution are its input channels: only what is done number by number makes sense there.
    """
    return weight.reshape(groups(layer), weight.shape[0] // groups(layer), -1)


def outputs(layer: Any, maps: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """What a layer would put out with another weight; no hook hears of it."""
    if isinstance(layer, nn.Linear):
        return F.linear(maps, weight, layer.bias)
    if isinstance(layer, _ConvTransposeNd):
        transposed = TRANSPOSED[len(layer.kernel_size)]
        padding = (layer.padding, layer.output_padding)
        return transposed(maps, weight, layer.bias, layer.stride, *padding, layer.groups, layer.dilation)
    return layer._conv_forward(maps, weight, layer.bias)


def unfolds(layer: Any) -> bool:
    """Whether an output is one row of weights times some inputs: not of transposed convolutions."""
    return not isinstance(layer, _ConvTransposeNd)


def unfolded(layer: Any, maps: torch.Tensor) -> torch.Tensor:
    """The columns that a layer multiplies by its weights.

    Args:
        layer: convolution or linear layer.
        maps: its input, (n, Cin, ...) or, of a linear layer, (..., Cin).

    Returns:
        (groups, rows, columns): rows are images × positions, columns Cin / groups · kernel, in the order of
        `weight.flatten(1)`.
    """
    if isinstance(layer, nn.Linear):
        return maps.reshape(1, -1, maps.shape[-1])
    axes = len(layer.kernel_size)
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    windows = F.pad(maps, layer._reversed_padding_repeated_twice, mode=mode)
    for axis, (size, stride, dilation) in enumerate(zip(layer.kernel_size, layer.stride, layer.dilation, strict=True)):
        windows = windows.unfold(2 + axis, dilation * (size - 1) + 1, stride)[..., ::dilation]
    # (n, Cin, positions..., kernel...) to (n, positions..., Cin, kernel...)
    windows = windows.movedim(1, 1 + axes)
    columns = maps.shape[1] // layer.groups * math.prod(layer.kernel_size)
    return windows.reshape(-1, layer.groups, columns).transpose(0, 1)


def hessian(layer: Any, *calls: torch.Tensor) -> torch.Tensor:
    """H = 2 XᵀX / n of a layer's unfolded inputs X (n, columns), per group: (groups, columns, columns) float64.

    For a change D of the weights, tr(D H Dᵀ) / 2 is the sum over channels, and the mean over rows, of the squared
    change of the outputs.

    Args:
        calls: what the layer reads in each of its calls, see `unfolded`.
    """
    # Accumulated in float64 over small batches: unfolded inputs are kernel-size times the inputs, too many to keep. A
    # batch's products are float32 on a CPU, twice as fast and exact to 1e-6; a GPU's float32 may have TF32's 10 bits.
    columns = math.prod(layer.weight.shape[1:])
    total = calls[0].new_zeros(groups(layer), columns, columns, dtype=torch.float64)
    rows = 0
    for batch in (batch for maps in calls for batch in _batches(layer, maps)):
        inputs = unfolded(layer, batch)
        inputs = inputs.double() if batch.is_cuda else inputs
        rows += inputs.shape[1]
        # H is symmetric: a part of the columns is multiplied by itself and by the parts after it alone
        for start in range(0, columns, width := max(1, -(-columns // PARTS))):
            here = slice(start, start + width)
            total[:, here, start:] += inputs[:, :, here].mT @ inputs[:, :, start:]
    total.triu_().add_(total.triu(1).mT)  # in place: of a wide layer each copy takes a gigabyte
    return total.mul_(2 / max(rows, 1))


def _batches(layer: Any, maps: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """`maps` in parts whose unfolded inputs have at most `ELEMENTS` numbers, or a single image."""
    kernel = 1 if isinstance(layer, nn.Linear) else math.prod(layer.kernel_size)
    return maps.split(max(1, ELEMENTS // max(1, kernel * maps[0].numel())))
