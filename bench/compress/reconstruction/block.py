"""Layers that are quantised together, for what they put out in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import nn
from torch.func import functional_call

from bench.compress.reconstruction.activations import Function, unchanged
from bench.compress.reconstruction.inputs import outputs
from bench.compress.reconstruction.layer import Layer

BATCH = 128  # images at a time


@dataclass(frozen=True)
class LayerBlock:
    """A module at the moment at which the forward pass reaches it, and its layers that are to be quantised.

    Attributes:
        name: of the module.
        module: reads one tensor with a row per image and puts out another; its layers have float weights.
        layers: in the order of the forward pass; they have no inputs of their own unless the block is a single layer.
        inputs: put out by the layers quantised before, (n, ...).
        original: inputs in the float network, (n, ...).
        activation: the function that directly follows.
        further: inputs and original inputs of further calls, of a layer alone that runs several times.
    """

    name: str
    module: Any
    layers: tuple[Layer, ...]
    inputs: torch.Tensor
    original: torch.Tensor
    activation: Function = unchanged
    further: tuple[tuple[torch.Tensor, torch.Tensor], ...] = ()

    @classmethod
    def of(cls, layer: Layer) -> Self:
        """A layer alone."""
        name = layer.name.rpartition(".")[0]
        return cls(name, layer.module, (layer,), layer.inputs, layer.original, layer.activation, layer.further)

    @property
    def calls(self) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
        """Inputs and original inputs of all calls."""
        return ((self.inputs, self.original), *self.further)

    @property
    def single(self) -> bool:
        """Whether it is a layer alone."""
        return self.module is self.layers[0].module

    def outputs(self, maps: torch.Tensor, weights: Sequence[torch.Tensor]) -> torch.Tensor:
        """What comes after the activation if the layers have other weights.

        Args:
            maps: the block's input, which it may overwrite.
            weights: of the layers, in their order.
        """
        if self.single:
            read = getattr(self.module, "input_quantizer", unchanged)
            return self.activation(outputs(self.module, read(maps), weights[0]))
        prefix = f"{self.name}." if self.name else ""
        names = [layer.name.removeprefix(prefix) for layer in self.layers]
        return self.activation(functional_call(self.module, dict(zip(names, weights, strict=True)), (maps,)))

    def target(self) -> torch.Tensor:
        """What comes after the activation in the float network, (n, ...); of the first call."""
        return self.targets()[0]

    def targets(self) -> tuple[torch.Tensor, ...]:
        """What comes after the activation in the float network, (n, ...) for each call."""
        return tuple(self._target(original) for _, original in self.calls)

    def _target(self, original: torch.Tensor) -> torch.Tensor:
        if self.single:
            return self.activation(self.module.forward(original))
        weights = [layer.module.weight.detach() for layer in self.layers]
        return torch.cat([self.outputs(maps.clone(), weights) for maps in original.split(BATCH)])

    def channel_axis(self, target: torch.Tensor) -> int:
        """Of what it puts out."""
        last = self.layers[-1].module
        if self.single:
            return -1 if isinstance(last, nn.Linear) else 1
        channels = last.weight.shape[0]  # blocks of linear layers may put out channels first or last
        return -1 if target.shape[-1] == channels != target.shape[1] else 1
