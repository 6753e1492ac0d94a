"""Layers quantised one after another in a single forward pass, each on what the quantised layers before it put out.

Nothing but the network's own forward pass knows how its layers are joined. So all calibration images pass at once, and
a hook quantises each layer at the moment at which the pass reaches it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from bench.compress.method import NotApplicable
from bench.compress.pruning.masking import prunable
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction.activations import Function, following, unchanged
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.layer import Layer
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Float, Integer, Representation
from bench.footprint.trace import trace

KINDS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
COLUMNS = 2**14  # of a weight: a Hessian of 2 GiB, and minutes to factorise it

Fit = Callable[[Layer], Integer | torch.Tensor]
BlockFit = Callable[[LayerBlock], Mapping[str, Representation | torch.Tensor]]


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
    if paired:
        # In eval mode images don't meet, so that two networks run as one on twice the images: the float network's
        # are the first half of every feature map. Where a block is quantised, the halves part.
        batch = torch.cat([batch, batch])
    hooks = _Hooks(network, len(batch), grids, compressed.masks, blocks, functions, fit, paired)
    with hooks.registered(), torch.no_grad():
        network(batch)
    network.train(compressed.network.training)
    return compressed.but(network=network, representations={**compressed.representations, **hooks.stored})


@dataclass
class _Hooks:
    """What quantises blocks, and layers that are in none, while a forward pass reaches them.

    Attributes:
        images: in the pass, of both networks if they are `paired`.
        functions: that directly follow modules, by their name.
        stored: the weights that were quantised.
    """

    network: nn.Module
    images: int
    grids: Mapping[str, Grid]
    masks: Mapping[str, torch.Tensor]
    blocks: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, Function]
    fit: BlockFit
    paired: bool
    stored: dict[str, Representation] = field(default_factory=dict)
    _read: dict[str, torch.Tensor] = field(default_factory=dict)

    @contextmanager
    def registered(self) -> Iterator[None]:
        """Register them as long as the context lasts."""
        together = {weight for weights in self.blocks.values() for weight in weights}
        layers = [_module_of(weight) for weight in self.grids if weight not in together]
        with ExitStack() as stack:
            for name in (*layers, *self.blocks):
                module, once = self.network.get_submodule(name), ExitStack()
                reached = module.register_forward_hook(partial(self._reached, name, once), with_kwargs=True)
                stack.enter_context(once).callback(reached.remove)
                if name in self.blocks:
                    once.callback(module.register_forward_pre_hook(partial(self._entered, name)).remove)
            yield

    def _entered(self, name: str, _: nn.Module, arguments: tuple[torch.Tensor]) -> torch.Tensor:
        # a block may write into what it reads
        (self._read[name],) = arguments
        return self._read[name].clone()

    def _reached(
        self,
        name: str,
        once: ExitStack,
        module: Any,
        arguments: tuple[torch.Tensor, ...],
        named: dict[str, torch.Tensor],
        output: torch.Tensor,
    ) -> torch.Tensor:
        once.close()  # from here on the module runs with other weights
        maps = self._read.pop(name) if name in self.blocks else next(iter((*arguments, *named.values())))
        if maps.shape[0] % self.images:
            raise NotApplicable(f"{self._title(name)} reads images along another axis than its first")
        if not maps.isfinite().all():
            raise NotApplicable(f"{self._title(name)} reads numbers that are not finite")
        half = maps.shape[0] // 2 if self.paired else 0
        for weight, chosen in self.fit(self._block(name, module, maps[half:], maps[:half])).items():
            if not isinstance(chosen, torch.Tensor):
                self.stored[weight] = chosen
                chosen = torch.from_numpy(chosen.decode())
            self.network.get_parameter(weight).copy_(chosen)
        return torch.cat([output[: output.shape[0] // 2 if self.paired else 0], module.forward(maps[half:])])

    def _title(self, name: str) -> str:
        return name if name in self.blocks else _weight_of(name)

    def _block(self, name: str, module: Any, inputs: torch.Tensor, original: torch.Tensor) -> LayerBlock:
        activation = self.functions.get(name, unchanged)
        if name not in self.blocks:
            weight = _weight_of(name)
            mask = self.masks.get(weight)
            return LayerBlock.of(Layer(weight, module, inputs, original, self.grids[weight], mask, activation))
        layers = tuple(
            Layer(
                weight,
                self.network.get_submodule(_module_of(weight)),
                inputs[:0],
                original[:0],
                self.grids[weight],
                self.masks.get(weight),
            )
            for weight in self.blocks[name]
        )
        return LayerBlock(name, module, layers, inputs, original, activation)


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
        NotApplicable: there is no such weight; one is not finite, has no inputs or those of several calls, or belongs
            to a layer whose inputs cannot be unfolded.
    """
    every = prunable(compressed.network)
    floats = {name: weight for name, weight in every.items() if _is_float(compressed, name)}
    if not floats:
        raise NotApplicable("all weights are stored otherwise already")
    uses = _uses(compressed.network)
    calls = Counter(_weight_of(call.module) for call in trace(compressed.network, example).calls)
    for name, weight in floats.items():
        _check(name, weight, compressed.network, columns)
        if calls[name] != 1 or uses[id(weight)] != 1:
            if not calls[name]:
                raise NotApplicable(f"{name} has no inputs in a forward pass: nothing says what it should be fitted to")
            raise NotApplicable(f"{name} has the inputs of several layers or calls: it would be fitted to those of one")
    order = [name for name in calls if name in every]
    narrow = {name: grid for name in order if name in floats}
    wide = {} if ends is None else {name: replace(grid, bits=ends) for name in (order[0], order[-1]) if name in floats}
    return {**narrow, **wide}


def _weight_of(module: str) -> str:
    return f"{module}.weight" if module else "weight"


def _module_of(weight: str) -> str:
    return weight.rpartition(".")[0]


def _uses(network: nn.Module) -> Counter[int]:
    """How many layers have a weight, by its identity."""
    return Counter(id(module.weight) for module in network.modules() if isinstance(module, (nn.Linear, _ConvNd)))


def _is_float(compressed: Compressed, name: str) -> bool:
    return isinstance(compressed.representations.get(name), (Float, type(None)))


def _check(name: str, weight: torch.Tensor, network: nn.Module, columns: int) -> None:
    layer: Any = network.get_submodule(name.rpartition(".")[0])
    if not any(type(layer).forward is kind.forward for kind in KINDS):
        raise NotApplicable(f"{name} is a {type(layer).__name__}'s, whose inputs this method cannot unfold")
    if not weight.isfinite().all():
        raise NotApplicable(f"{name} holds a number that is not finite")
    if (size := math.prod(weight.shape[1:])) > columns:
        raise NotApplicable(f"{name} has {size:,} weights per filter, and this method takes {columns:,} at most")
