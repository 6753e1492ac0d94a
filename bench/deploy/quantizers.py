"""NNCF's quantisers in forms that other programs know: plain arithmetic, or codes and their scales."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from bench.nncf_runtime import is_wrapped

import torch
import torch.ao.quantization.fx._decomposed  # registers torch.ops.quantized_decomposed
from nncf.torch.function_hook import get_hook_storage
from nncf.torch.quantization.layers import AsymmetricQuantizer, BaseQuantizer
from nncf.torch.quantization.quantize_functions import TuneRange
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import parametrize

from bench.footprint.representation import Integer, Representation

CODED_BITS = 8
INTEGER_LAYERS = (_ConvNd, nn.Linear)  # which run in integers where both their inputs are codes


class Rounding(nn.Module):
    """What an NNCF quantiser computes, operation by operation, so that not a bit differs; any tracer can follow it."""

    low: torch.Tensor
    high: torch.Tensor
    scale: torch.Tensor
    zero: torch.Tensor

    def __init__(self, quantizer: Any):
        super().__init__()
        with torch.no_grad():
            low, width = _range(quantizer)
            scale = (quantizer.levels - 1) / width
            buffers = {"low": low, "high": low + width, "scale": scale, "zero": (-low * scale).round()}
        for name, value in buffers.items():
            self.register_buffer(name, value.detach().clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape, rounded to a step of its range."""
        clipped = torch.clamp(x, self.low, self.high)
        return torch.round((clipped - self.low) * self.scale - self.zero) / self.scale


class Coding(nn.Module):
    """Quantisation to 8-bit codes and back, as the pair of operations that ONNX and OpenVINO run in integers."""

    def __init__(self, quantizer: Any):
        super().__init__()
        lowest, highest, scale, zero = quantizer.get_parameters_for_torch_fq()
        kind = torch.int8 if lowest < 0 else torch.uint8
        self.settings = (float(scale), int(zero), int(lowest), int(highest), kind)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape."""
        codes = torch.ops.quantized_decomposed.quantize_per_tensor(x, *self.settings)
        return torch.ops.quantized_decomposed.dequantize_per_tensor(codes, *self.settings)


class Decoding(nn.Module):
    """A weight from its integers and a scale per output channel."""

    codes: torch.Tensor
    scale: torch.Tensor
    zero: torch.Tensor

    def __init__(self, stored: Integer):
        super().__init__()
        scale = torch.from_numpy(1 / stored.scale if stored.divide else stored.scale).float().flatten()
        self.lowest = 0 if stored.zero_point is not None else -(2 ** (stored.bits - 1))
        self.axis = stored.axis
        self.highest = self.lowest + 2**stored.bits - 1
        zero = torch.zeros(()) if stored.zero_point is None else torch.from_numpy(stored.zero_point).flatten()
        channels = stored.shape[stored.axis]
        self.register_buffer("codes", torch.from_numpy(stored.codes).to(torch.int8 if self.lowest < 0 else torch.uint8))
        self.register_buffer("scale", scale.expand(channels).contiguous())
        self.register_buffer("zero", zero.to(torch.int64).expand(channels).contiguous())

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The decoded weight in place of the stored one."""
        return torch.ops.quantized_decomposed.dequantize_per_channel(
            self.codes, self.scale, self.zero, self.axis, self.lowest, self.highest, self.codes.dtype
        )


def as_arithmetic(network: nn.Module) -> nn.Module:
    """A copy whose quantisers are `Rounding`; the network itself if it has none."""
    return _replaced(network, Rounding)


def as_codes(network: nn.Module, stored: Mapping[str, Representation]) -> nn.Module:
    """A copy whose 8-bit quantisers are `Coding`, and whose integer weights are codes; the network if it has none.

    Args:
        stored: see `bench.footprint.packed.representations`.
    """
    if not is_wrapped(network):
        return network
    coded = _replaced(network, lambda quantizer: (Coding if _is_coded(quantizer) else Rounding)(quantizer))
    uses = Counter(id(parameter) for _, parameter in coded.named_parameters(remove_duplicate=False))
    for name, representation in stored.items():
        parent, _, attribute = name.rpartition(".")
        layer = coded.get_submodule(parent)
        alone = attribute == "weight" and uses[id(layer._parameters.get(attribute))] == 1
        if alone and isinstance(representation, Integer) and isinstance(layer, INTEGER_LAYERS):
            parametrize.register_parametrization(layer, attribute, Decoding(representation), unsafe=True)
    return coded.eval()


def _replaced(network: nn.Module, made: Callable[[Any], nn.Module]) -> nn.Module:
    if not is_wrapped(network):
        return network
    copy = deepcopy(network)
    storage = get_hook_storage(copy)
    for name, quantizer in list(storage.named_hooks()):
        if isinstance(quantizer, BaseQuantizer):
            storage.set_submodule(name, made(quantizer) if quantizer.is_enabled_quantization() else nn.Identity())
    return copy.eval()


def _is_coded(quantizer: Any) -> bool:
    return quantizer.num_bits == CODED_BITS and not quantizer.per_channel


def _range(quantizer: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Lowest value and width of a quantiser's range, as NNCF computes them before it rounds."""
    if isinstance(quantizer, AsymmetricQuantizer):
        width = quantizer.input_range.abs() + quantizer.eps
        return TuneRange.apply(quantizer.input_low, width, quantizer.levels)
    high = quantizer.scale.abs() + quantizer.eps
    low = high * (quantizer.level_low / quantizer.level_high)
    return low, high - low
