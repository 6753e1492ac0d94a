"""Layers whose inputs are rounded to a grid of few bits: codes on their way in, values in the simulation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from bench.footprint.structure._modules import check_names

KIND = "quantized-inputs"
SIMULATES = True  # a deployed network has the codes: graphs are traced without this rounding
MOST_BITS = 8


class InputGrid(torch.nn.Module):
    """x̂ = s·round(clip((x - β)/s, lowest, highest)) + β, with one step s, and an offset β or none.

    Args:
        bits: 1 to 8.
        signed: codes from -2^(bits-1) to 2^(bits-1) - 1, else from 0 to 2^bits - 1.
        offset: whether there is a β.
        limit: the largest value of an unsigned grid that is the same in every network: its step follows and is not
            stored.

    Raises:
        ValueError: the settings do not belong together.
    """

    step: torch.Tensor
    offset: torch.Tensor | None

    def __init__(self, bits: int, signed: bool = False, offset: bool = False, limit: float | None = None):
        super().__init__()
        self.lowest, self.highest = code_range(bits, signed)
        if not (isinstance(signed, bool) and isinstance(offset, bool)):
            raise ValueError("a grid is signed or not, and has an offset or not")
        fixed = limit is not None
        if fixed and (signed or offset or not isinstance(limit, float) or not 0 < limit < math.inf):
            raise ValueError(f"a grid from 0 to {limit!r}")
        self.register_buffer("step", torch.full((1,), (limit or self.highest) / self.highest), persistent=not fixed)
        self.register_buffer("offset", torch.zeros(1) if offset else None)
        given = {"bits": bits, "signed": signed, "offset": offset, "limit": limit}
        self.settings: dict[str, Any] = {name: value for name, value in given.items() if value}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape."""
        return rounded(x, self.step, self.lowest, self.highest, self.offset)

    def extra_repr(self) -> str:
        """Its settings."""
        return ", ".join(f"{name}={value}" for name, value in self.settings.items())


def code_range(bits: int, signed: bool) -> tuple[int, int]:
    """The lowest and the highest code.

    Raises:
        ValueError: there are no such codes.
    """
    fewest = 2 if signed else 1  # of one signed bit the highest code would be 0
    if type(bits) is not int or not fewest <= bits <= MOST_BITS:
        raise ValueError(f"inputs are rounded to {fewest} to {MOST_BITS} bits, not to {bits!r}")
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def rounded(
    x: torch.Tensor, step: torch.Tensor, lowest: int, highest: int, offset: torch.Tensor | None = None
) -> torch.Tensor:
    """x on a grid (see `InputGrid`). Training computes it by this function too, so that not a bit differs."""
    if offset is not None:
        return rounded(x - offset, step, lowest, highest) + offset
    return (x / step).clamp(lowest, highest).round() * step


class _Quantized(torch.nn.Module):
    # A subclass in the layer's stead, as PyTorch's parametrisations make one: its weights keep their names, whether or
    # not the step is taken, and no hook is needed, with which training could be neither recorded nor spread.
    input_quantizer: torch.nn.Module

    def forward(self, x: torch.Tensor, *size: Any) -> torch.Tensor:
        """The layer's output for the rounded input; transposed convolutions may be given its size."""
        return super().forward(self.input_quantizer(x), *size)


class QuantizedInputConv1d(_Quantized, torch.nn.Conv1d):
    """See `attach`."""


class QuantizedInputConv2d(_Quantized, torch.nn.Conv2d):
    """See `attach`."""


class QuantizedInputConv3d(_Quantized, torch.nn.Conv3d):
    """See `attach`."""


class QuantizedInputConvTranspose1d(_Quantized, torch.nn.ConvTranspose1d):
    """See `attach`."""


class QuantizedInputConvTranspose2d(_Quantized, torch.nn.ConvTranspose2d):
    """See `attach`."""


class QuantizedInputConvTranspose3d(_Quantized, torch.nn.ConvTranspose3d):
    """See `attach`."""


class QuantizedInputLinear(_Quantized, torch.nn.Linear):
    """See `attach`."""


KINDS: dict[type[torch.nn.Module], type[torch.nn.Module]] = {
    torch.nn.Conv1d: QuantizedInputConv1d,
    torch.nn.Conv2d: QuantizedInputConv2d,
    torch.nn.Conv3d: QuantizedInputConv3d,
    torch.nn.ConvTranspose1d: QuantizedInputConvTranspose1d,
    torch.nn.ConvTranspose2d: QuantizedInputConvTranspose2d,
    torch.nn.ConvTranspose3d: QuantizedInputConvTranspose3d,
    torch.nn.Linear: QuantizedInputLinear,
}
PLAIN = {quantized: plain for plain, quantized in KINDS.items()}


def attach(layer: Any, quantizer: torch.nn.Module) -> None:
    """Make a layer call `quantizer` on its input first, as its part `input_quantizer`, in place.

    Raises:
        ValueError: it is no plain convolution or linear layer.
    """
    if type(layer) not in KINDS:
        raise ValueError(f"{type(layer).__name__} is no plain convolution or linear layer")
    quantizer.to(layer.weight.device).train(layer.training)
    layer.__class__ = KINDS[type(layer)]
    layer.input_quantizer = quantizer


def detach(layer: Any) -> None:
    """Undo `attach`."""
    layer.__class__ = PLAIN[type(layer)]
    del layer.input_quantizer


def apply(network: torch.nn.Module, inputs: dict[str, dict[str, Any]]) -> torch.nn.Module:
    """Round what layers read.

    Args:
        inputs: the settings of an `InputGrid` by layer; steps and offsets are tensors, and are filled with all others.

    Raises:
        ValueError: a layer is no plain convolution or linear layer, or the settings are no grid.
    """
    check_names(network, inputs)
    for name, settings in inputs.items():
        attach(network.get_submodule(name), InputGrid(**settings))
    return network


def step(grids: dict[str, InputGrid]) -> dict[str, Any]:
    """The structural step that puts these grids before layers."""
    return {"kind": KIND, "inputs": {name: grid.settings for name, grid in grids.items()}}


def widths(structure: Iterable[Mapping[str, Any]]) -> dict[str, int] | None:
    """Bits of what layers read, by layer; None if no step quantises inputs.

    Raises:
        ValueError: a step is none that `apply` would take.
    """
    inputs: list[Any] = [step.get("inputs") for step in structure if step.get("kind") == KIND]
    try:
        return (
            {name: InputGrid(**of).settings["bits"] for one in inputs for name, of in one.items()} if inputs else None
        )
    except (AttributeError, TypeError) as error:
        raise ValueError(f"the step {KIND!r} does not say what layers read") from error
