"""A layer at the moment at which the forward pass reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction.activations import Function, unchanged
from bench.compress.reconstruction.fixed_grid import FixedGrid
from bench.compress.reconstruction.inputs import groups, matrices


@dataclass(frozen=True)
class Layer:
    """A layer that is to be quantised, and what it reads.

    Attributes:
        name: of its weight.
        module: convolution or linear layer, with float weights.
        inputs: put out by the layers quantised before, (n, ...).
        original: inputs in the float network, (n, ...); empty unless both networks run.
        grid: to round the weight to.
        mask: True where a weight survived pruning; None if all did.
        activation: the function that directly follows.
        further: inputs and original inputs of further calls, of a layer that runs several times in a forward pass.
    """

    name: str
    module: Any
    inputs: torch.Tensor
    original: torch.Tensor
    grid: Grid
    mask: torch.Tensor | None = None
    activation: Function = unchanged
    further: tuple[tuple[torch.Tensor, torch.Tensor], ...] = ()

    @property
    def calls(self) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
        """Inputs and original inputs of all calls."""
        return ((self.inputs, self.original), *self.further)

    @property
    def read(self) -> tuple[torch.Tensor, ...]:
        """What it reads in each call, put out by the layers quantised before."""
        return tuple(inputs for inputs, _ in self.calls)

    @property
    def weight(self) -> torch.Tensor:
        """(groups, Cout / groups, columns) float64."""
        return matrices(self.module, self.module.weight.detach()).double()

    @cached_property
    def rounding(self) -> FixedGrid:
        """The grid with its steps and ranges fixed, which are those of rounding to nearest."""
        weight = self.module.weight
        return FixedGrid.of(self.grid(weight), groups(self.module), weight.device)
