"""What quantises layers, and blocks of layers, at the moment at which a forward pass reaches them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map

from bench.compress.layer_order import layer_of
from bench.compress.method import NotApplicable
from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import regions
from bench.compress.reconstruction.activations import Function, unchanged
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.layer import Layer
from bench.footprint.representation import Representation

BlockFit = Callable[[LayerBlock], Mapping[str, Representation | torch.Tensor]]


@dataclass
class QuantisingHooks:
    """Hooks on a network that is to run once, on all calibration images.

    Attributes:
        images: in the pass, of one network.
        blocks: by name of module, the weights that it holds.
        functions: that directly follow modules, by their name.
        paired: whether the float network runs beside the quantised one: the first half of every feature map is its.
        repeated: by name of each layer that runs several times, the module that encloses its calls; see
            `repeated_calls.enclosing`.
        stored: the weights that were quantised.
    """

    # Of a layer that runs several times, the inputs of the last call are not known when the first one comes. So when
    # the pass reaches the module that encloses all calls, this runs as often as it has such layers before it runs in
    # earnest: each time the next of them is left as it is, what it reads is gathered, and it is quantised in the end.
    # Layers behind it wait. Those before it have been quantised, and run again with both their weights.

    network: nn.Module
    images: int
    grids: Mapping[str, Grid]
    masks: Mapping[str, torch.Tensor]
    blocks: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, Function]
    fit: BlockFit
    paired: bool
    repeated: Mapping[str, str]
    stored: dict[str, Representation] = field(default_factory=dict)
    _read: dict[str, torch.Tensor] = field(default_factory=dict)  # by blocks that are running
    _floats: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)  # parameters of what may run again
    _gathered: list[torch.Tensor] = field(default_factory=list)
    _gathering: str | None = None
    _rehearsals: int = 0  # modules that run more than once in which the pass is

    @cached_property
    def _by_region(self) -> set[str]:
        return regions.reading(self.network)

    @contextmanager
    def registered(self) -> Iterator[None]:
        """Register them as long as the context lasts."""
        together = {weight for weights in self.blocks.values() for weight in weights}
        layers = [layer_of(weight) for weight in self.grids if weight not in together]
        with ExitStack() as stack:
            for name in dict.fromkeys(self.repeated[layer] for layer in layers if layer in self.repeated):
                module = self.network.get_submodule(name)
                entered = module.register_forward_pre_hook(partial(self._rehearse, name), with_kwargs=True)
                stack.callback(entered.remove)
                stack.callback(module.register_forward_hook(self._performed).remove)
            for name in (*layers, *self.blocks):
                module, once = self.network.get_submodule(name), ExitStack()
                reached = module.register_forward_hook(partial(self._reached, name, once), with_kwargs=True)
                stack.enter_context(once).callback(reached.remove)
                if name in self.blocks:
                    once.callback(module.register_forward_pre_hook(partial(self._entered, name)).remove)
            yield

    def _rehearse(self, name: str, module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Quantise the layers that run several times in a module, one after another."""
        self._rehearsals += 1
        if self._gathering is not None:
            return
        waiting = {layer for layer, enclosing in self.repeated.items() if enclosing == name} - self._floats.keys()
        for _ in range(len(waiting)):
            module.forward(*_copied(arguments), **_copied(named))
            layer, calls = self._gathering, self._gathered
            self._gathering, self._gathered = None, []
            if layer is not None:
                self._quantise(layer, self.network.get_submodule(layer), calls)

    def _performed(self, *_: Any) -> None:
        self._rehearsals -= 1

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
    ) -> torch.Tensor | None:
        maps = self._read.pop(name) if name in self.blocks else next(iter((*arguments, *named.values())))
        if name in self._floats:
            return self._parted(name, module, maps, output)
        if self._gathering not in (None, name):
            return None
        self._check(name, maps, len(arguments) + len(named))
        if name in self.repeated:
            self._gathering = name
            self._gathered.append(maps.clone())  # the next layer may write into it
            return None
        if not self._rehearsals:
            once.close()  # from here on the module runs with other weights
        self._quantise(name, module, [maps])
        half, put_out = (len(maps) // 2, len(output) // 2) if self.paired else (0, 0)
        return torch.cat([output[:put_out], module.forward(maps[half:])])

    def _check(self, name: str, maps: torch.Tensor, arguments: int) -> None:
        title = name if name in self.blocks else weight_of(name)
        if arguments > 1:
            raise NotApplicable(f"{title} is given the size of its output, which nothing else knows")
        if name in self._by_region:
            if not len(maps):
                raise NotApplicable(f"{title} reads regions, and none is found in the calibration images")
        elif len(maps) % (self.images * (2 if self.paired else 1)):
            raise NotApplicable(f"{title} reads images along another axis than its first")
        if not maps.isfinite().all():
            raise NotApplicable(f"{title} reads numbers that are not finite")

    def _quantise(self, name: str, module: Any, calls: list[torch.Tensor]) -> None:
        block = self._block(name, module, calls)
        if self._rehearsals:
            self._floats[name] = {key: tensor.clone() for key, tensor in module.named_parameters()}
        for weight, chosen in self.fit(block).items():
            if not isinstance(chosen, torch.Tensor):
                self.stored[weight] = chosen
                chosen = torch.from_numpy(chosen.decode())
            self.network.get_parameter(weight).copy_(chosen)

    def _block(self, name: str, module: Any, maps: list[torch.Tensor]) -> LayerBlock:
        activation = self.functions.get(name, unchanged)
        (inputs, original), *further = (
            (call[len(call) // 2 :], call[: len(call) // 2]) if self.paired else (call, call[:0]) for call in maps
        )
        if name not in self.blocks:
            weight = weight_of(name)
            grid, mask = self.grids[weight], self.masks.get(weight)
            layer = Layer(weight, module, inputs, original, grid, mask, activation, tuple(further))
            return LayerBlock.of(layer)
        layers = tuple(
            Layer(
                weight,
                self.network.get_submodule(layer_of(weight)),
                inputs[:0],
                original[:0],
                self.grids[weight],
                self.masks.get(weight),
            )
            for weight in self.blocks[name]
        )
        return LayerBlock(name, module, layers, inputs, original, activation)

    def _parted(self, name: str, module: Any, maps: torch.Tensor, output: torch.Tensor) -> torch.Tensor | None:
        """What a module puts out that was quantised before, and runs again: its first half with float weights."""
        if not self.paired:
            return None
        with _float(module, self._floats[name]):
            return torch.cat([module.forward(maps[: len(maps) // 2].clone()), output[len(output) // 2 :]])


@contextmanager
def _float(module: Any, floats: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """A module with the parameters that it had, and without quantised inputs."""
    readers = {each: each.input_quantizer for each in module.modules() if hasattr(each, "input_quantizer")}
    parameters = {name: tensor for name, tensor in module.named_parameters() if name in floats}
    quantised = {name: tensor.clone() for name, tensor in parameters.items()}
    try:
        for layer in readers:
            layer.input_quantizer = nn.Identity()
        for name, tensor in parameters.items():
            tensor.copy_(floats[name])
        yield
    finally:
        for name, tensor in parameters.items():
            tensor.copy_(quantised[name])
        for layer, reader in readers.items():
            layer.input_quantizer = reader


def _copied(tree: Any) -> Any:
    return tree_map(lambda leaf: leaf.clone() if isinstance(leaf, torch.Tensor) else leaf, tree)


def weight_of(module: str) -> str:
    """The name of a layer's weight; "" is the network itself."""
    return f"{module}.weight" if module else "weight"
