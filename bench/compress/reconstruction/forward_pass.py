"""Layers quantised one after another in a single forward pass, each on what the quantised layers before it put out.

Nothing but the network's own forward pass knows how its layers are joined. So all calibration images pass at once, and
a hook quantises each layer at the moment at which the pass reaches it. A layer that runs several times, as for each
level of a feature pyramid, is quantised on what all of its calls read: the module that they are in runs once more.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from bench.compress.layer_order import layer_of
from bench.compress.method import NotApplicable
from bench.compress.pruning.masking import prunable
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import regions, repeated_calls
from bench.compress.reconstruction.activations import following
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.hooks import BlockFit, QuantisingHooks, weight_of
from bench.compress.reconstruction.layer import Layer
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Float, Integer
from bench.footprint.trace import trace

KINDS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
COLUMNS = 2**14  # of a weight: a Hessian of 2 GiB, and minutes to factorise it

Fit = Callable[[Layer], Integer | torch.Tensor]


def on_grid(
    compressed: Compressed,
    workbench: Workbench,
    grid: Grid,
    images: int,
    fit: Fit,
    *,
    ends: int | None = None,
    paired: bool = False,
    columns: int | None = None,
) -> Compressed:
    """Fold batch normalisation and quantise all layers to one grid; see `grids` and `quantized`."""
    folded, each = prepared(compressed, workbench, grid, ends, columns=columns or COLUMNS)
    return quantized(folded, workbench, each, images, fit, paired=paired)


def prepared(
    compressed: Compressed, workbench: Workbench, grid: Grid, ends: int | None = None, *, columns: int = COLUMNS
) -> tuple[Compressed, dict[str, Grid]]:
    """The network with batch normalisation folded, and `grids` of it."""
    folded = finish(compressed)
    return folded, grids(folded, workbench.example, grid, ends, columns=columns)


def quantized(
    compressed: Compressed,
    workbench: Workbench,
    grids: Mapping[str, Grid],
    images: int,
    fit: Fit,
    *,
    paired: bool = False,
) -> Compressed:
    """Quantise layers in the order of the forward pass.

    Args:
        compressed: with batch normalisation folded.
        grids: by name of weight, see `grids`.
        images: number of calibration images.
        fit: gives the integers of a layer, or its new weight if that stays float.
        paired: run the float network beside the quantised one, so that `fit` sees the inputs in both.

    Raises:
        NotApplicable: a layer reads images along another axis than its first, or numbers that are not finite.
    """

    def alone(block: LayerBlock) -> dict[str, Integer | torch.Tensor]:
        (layer,) = block.layers
        return {layer.name: fit(layer)}

    return quantized_together(compressed, workbench, grids, images, alone, {}, paired=paired)


def quantized_together(
    compressed: Compressed,
    workbench: Workbench,
    grids: Mapping[str, Grid],
    images: int,
    fit: BlockFit,
    blocks: Mapping[str, tuple[str, ...]],
    *,
    paired: bool = True,
) -> Compressed:
    """Quantise blocks, and the layers that are in none, in the order of the forward pass; see `quantized`.

    Args:
        fit: gives the integers, or the new weights, of a block's layers by name.
        blocks: by name of module, the weights that it holds; see `residual_blocks`.
    """
    network = deepcopy(compressed.network).eval()
    batch = torch.cat([batch for batch, _ in workbench.batches(images)])
    functions = following(network, workbench.example) if paired else {}
    modules = [layer_of(weight) for weight in grids]
    repeated = repeated_calls.enclosing(trace(network, workbench.example), modules)
    hooks = QuantisingHooks(network, len(batch), grids, compressed.masks, blocks, functions, fit, paired, repeated)
    with ExitStack() as stack:
        stack.enter_context(hooks.registered())
        stack.enter_context(torch.no_grad())
        if paired:
            # In eval mode images don't meet, so that two networks run as one on twice the images: the float network's
            # are the first half of every feature map. Where a block is quantised, the halves part.
            batch = torch.cat([batch, batch])
            stack.enter_context(regions.of_the_first_half(network))
        network(batch)
    network.train(compressed.network.training)
    return compressed.but(network=network, representations={**compressed.representations, **hooks.stored})


def grids(
    compressed: Compressed,
    example: torch.Tensor,
    grid: Grid,
    ends: int | None = None,
    *,
    columns: int = COLUMNS,
) -> dict[str, Grid]:
    """The grid of each weight that is stored as float, by name, in the order of the forward pass.

    Args:
        compressed: with batch normalisation folded.
        example: one normalised image, (1, C, H, W) float32.
        grid: of all layers but the ends.
        ends: bits of the network's first layer and of its last; None for those of `grid`.
        columns: weights per filter at most.

    Raises:
        NotApplicable: there is no such weight; one is not finite, has no inputs or those of several layers, reads what
            it has put out itself, or is of no plain layer.
    """
    every = prunable(compressed.network)
    floats = {name: weight for name, weight in every.items() if _is_float(compressed, name)}
    if not floats:
        raise NotApplicable("all weights are stored otherwise already")
    uses = _uses(compressed.network)
    traced = trace(compressed.network, example)
    calls = Counter(weight_of(call.module) for call in traced.calls)
    for name, weight in floats.items():
        _check(name, weight, compressed.network, columns)
        if not calls[name]:
            raise NotApplicable(f"{name} has no inputs in a forward pass: nothing says what it should be fitted to")
        if uses[id(weight)] != 1:
            raise NotApplicable(f"{name} has the inputs of several layers or calls: it would be fitted to those of one")
        if calls[name] > 1 and repeated_calls.feeds_itself(traced, layer_of(name)):
            raise NotApplicable(f"{name} has the inputs of several layers or calls, some of which are its own outputs")
    order = [name for name in calls if name in every]
    narrow = {name: grid for name in order if name in floats}
    wide = {} if ends is None else {name: replace(grid, bits=ends) for name in (order[0], order[-1]) if name in floats}
    return {**narrow, **wide}


def _uses(network: nn.Module) -> Counter[int]:
    """How many layers have a weight, by its identity."""
    return Counter(id(module.weight) for module in network.modules() if isinstance(module, (nn.Linear, _ConvNd)))


def _is_float(compressed: Compressed, name: str) -> bool:
    return isinstance(compressed.representations.get(name), (Float, type(None)))


def _check(name: str, weight: torch.Tensor, network: nn.Module, columns: int) -> None:
    layer: Any = network.get_submodule(layer_of(name))
    if not any(type(layer).forward is kind.forward for kind in KINDS):
        raise NotApplicable(f"{name} is a {type(layer).__name__}'s, no plain convolution or linear layer")
    if not weight.isfinite().all():
        raise NotApplicable(f"{name} holds a number that is not finite")
    if (size := math.prod(weight.shape[1:])) > columns:
        raise NotApplicable(f"{name} has {size:,} weights per filter, and this method takes {columns:,} at most")
