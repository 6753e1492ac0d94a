"""Rounding learned from what residual blocks put out (BRECQ, Li et al. 2021; QDrop, Wei et al. 2022)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from bench.compress.layer_order import ends_and_inner, layer_of
from bench.compress.quantization import inputs
from bench.compress.quantization.inputs import LearnedInput
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import regions, repeated_calls
from bench.compress.reconstruction.adaptive_rounding import RoundingSchedule, fitted_together
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.forward_pass import BlockFit, quantized_together
from bench.compress.reconstruction.importance import importances
from bench.compress.reconstruction.input_steps import InputSteps, learned
from bench.compress.reconstruction.residual_blocks import residual_blocks
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.representation import Integer, Representation
from bench.footprint.trace import trace


@dataclass(frozen=True)
class InputSchedule:
    """How steps of inputs are learned.

    Attributes:
        bits: of an input.
        ends: bits of what the first and the last layer read.
        steps: of Adam per block.
        learning_rate: of Adam.
        jointly: together with rounding, in as many steps as that; else after all weights are rounded.
    """

    bits: int
    ends: int
    steps: int
    learning_rate: float
    jointly: bool

    def started(self, compressed: Compressed, workbench: Workbench, weights: Iterable[str], steps: int) -> InputSteps:
        """Steps learned as in LSQ for the layers of some weights, nearest to what these read in the beginning."""
        ends = ends_and_inner(compressed)[0]
        layers = [layer_of(weight) for weight in weights]
        makes = {name: partial(LearnedInput, self.ends if name in ends else self.bits, fitted=True) for name in layers}
        return InputSteps(inputs.started(compressed, workbench, makes), self.learning_rate, steps)


def quantized(
    folded: Compressed,
    workbench: Workbench,
    grids: Mapping[str, Grid],
    images: int,
    *,
    schedule: RoundingSchedule,
    float_share: float,
    weighted: bool,
    reading: InputSchedule | None = None,
) -> Compressed:
    """Quantise residual blocks, and layers in none, in the order of the forward pass.

    Args:
        folded: with batch normalisation folded.
        grids: by name of weight.
        images: number of calibration images.
        float_share: see `descend`.
        weighted: multiply the squared errors of outputs by `importances`, but those of layers that run several times
            or read regions.
        reading: how what layers read is quantised too; None leaves it as it is.
    """
    network = folded.network
    blocks = residual_blocks(network, workbench.example, grids)
    important = (
        importances(network, _weighted(network, blocks, workbench, grids), workbench, images=images) if weighted else {}
    )
    drawn: dict[str, Any] = {"float_share": float_share, "seed": workbench.seed}

    def passed(fit: BlockFit) -> Compressed:
        return quantized_together(folded, workbench, grids, images, fit, blocks)

    def rounded(block: LayerBlock, inputs: InputSteps | None = None) -> dict[str, Integer]:
        importance = important.get(block.name)
        return fitted_together(block, schedule=schedule, importance=importance, inputs=inputs, **drawn)

    if reading is None:
        return passed(rounded)
    if reading.jointly:
        steps = reading.started(folded, workbench, grids, schedule.steps)
        return _stored(passed(partial(rounded, inputs=steps)), steps, reading)
    integers = passed(rounded)
    steps = reading.started(integers, workbench, grids, reading.steps)

    def read(block: LayerBlock) -> dict[str, Representation]:
        chosen = {layer.name: integers.representations[layer.name] for layer in block.layers}
        importance = important.get(block.name)
        learned(block, chosen, steps, batch_size=schedule.batch_size, importance=importance, **drawn)
        return chosen

    return _stored(passed(read), steps, reading)


def _weighted(
    network: nn.Module, blocks: Mapping[str, tuple[str, ...]], workbench: Workbench, grids: Mapping[str, Grid]
) -> list[str]:
    """Blocks and layers alone whose outputs have a slope each: those that run once, and read images."""
    together = {weight for weights in blocks.values() for weight in weights}
    alone = [layer_of(name) for name in grids if name not in together]
    # a detector's loss is of other regions than it finds
    left = {*repeated_calls.enclosing(trace(network, workbench.example), alone), *regions.reading(network)}
    return [name for name in (*blocks, *alone) if name not in left]


def _stored(result: Compressed, steps: InputSteps, reading: InputSchedule) -> Compressed:
    inputs.detach(result.network, steps.quantisers)
    return inputs.stored(result, steps.quantisers, reading.bits)
