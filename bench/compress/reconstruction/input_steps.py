"""Steps of the grids to which layers' inputs are rounded, learned from what blocks put out (BRECQ, QDrop)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from bench.compress.quantization.inputs import InputQuantiser
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.descent import descend, mixed
from bench.compress.reconstruction.layer import Layer
from bench.footprint.representation import Representation
from bench.footprint.structure import quantized_inputs


@dataclass(frozen=True)
class InputSteps:
    """Quantisers of layers' inputs, and how fast their steps are learned.

    Attributes:
        quantisers: by layer, with the steps to start from.
        learning_rate: of Adam; falls to 0 along a cosine.
        steps: of Adam.
    """

    quantisers: Mapping[str, InputQuantiser]
    learning_rate: float
    steps: int

    def attach(self, block: LayerBlock, float_share: float, seed: int) -> None:
        """Make the block's layers read rounded numbers while it learns.

        Args:
            float_share: probability that a number is not rounded, in each step anew.
            seed: of which.
        """
        generator = torch.Generator().manual_seed(seed + 1)  # of other numbers than images
        for layer in block.layers:
            quantiser = _ByChance(self._of(layer), float_share, generator) if float_share else self._of(layer)
            quantized_inputs.attach(layer.module, quantiser)

    def settle(self, block: LayerBlock) -> None:
        """Make the block's layers read rounded numbers always."""
        for layer in block.layers:
            layer.module.input_quantizer = self._of(layer)

    def optimizer(self, block: LayerBlock) -> torch.optim.Optimizer:
        """Of the steps of the block's layers."""
        parameters = [parameter for layer in block.layers for parameter in self._of(layer).parameters()]
        return torch.optim.Adam(parameters, lr=self.learning_rate)

    def slow_down(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Set the learning rate of a step."""
        for group in optimizer.param_groups:
            group["lr"] = self.learning_rate * (1 + math.cos(math.pi * step / self.steps)) / 2

    def _of(self, layer: Layer) -> InputQuantiser:
        return self.quantisers[layer.name.rpartition(".")[0]]


class _ByChance(torch.nn.Module):
    """A quantiser that leaves each number as it is with a probability."""

    def __init__(self, quantiser: InputQuantiser, float_share: float, generator: torch.Generator):
        super().__init__()
        self.quantiser, self.float_share, self.generator = quantiser, float_share, generator

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape."""
        return mixed(self.quantiser(x), x, self.float_share, self.generator)


@torch.no_grad()
def learned(
    block: LayerBlock,
    weights: Mapping[str, Representation],
    inputs: InputSteps,
    *,
    batch_size: int,
    float_share: float,
    seed: int,
    importance: torch.Tensor | None = None,
) -> None:
    """Learn the steps of a block whose weights are fixed; its layers read rounded numbers from then on.

    Args:
        weights: of its layers, by name.
        batch_size, float_share, seed, importance: see `descend`; numbers within the block are left as they are with
            the probability `float_share` too.
    """
    targets = block.targets()
    fixed = [torch.from_numpy(weights[layer.name].decode()).to(layer.module.weight) for layer in block.layers]
    inputs.attach(block, float_share, seed)
    optimizer = inputs.optimizer(block)

    def unchanged(step: int) -> tuple[list[torch.Tensor], float]:
        inputs.slow_down(optimizer, step)
        return fixed, 0.0

    descend(
        block,
        targets,
        unchanged,
        [optimizer],
        steps=inputs.steps,
        batch_size=batch_size,
        float_share=float_share,
        seed=seed,
        importance=importance,
    )
    inputs.settle(block)
