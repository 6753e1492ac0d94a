"""Training of networks whose weights, and inputs of layers, are quantised in the forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from types import MappingProxyType

import torch
from torch.nn.utils import parametrize

from bench.compress.layer_order import ends_and_inner, layer_of, layers_with, require_inner
from bench.compress.method import require_unrounded
from bench.compress.pruning.masking import keep_zeros
from bench.compress.quantization import inputs
from bench.compress.quantization.inputs import InputQuantiser
from bench.compress.quantization.learned import Quantiser
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

Make = Callable[[torch.Tensor], Quantiser]


def layers(compressed: Compressed, inner: Make, outer: Make | None) -> dict[str, Quantiser]:
    """A quantiser by weight: of the first and the last layer to run, and of those between.

    Args:
        outer: None leaves the first and the last as they are.

    Raises:
        NotApplicable: the weights have a representation already, or none would be quantised.
    """
    require_unrounded(compressed)
    ends, between = ends_and_inner(compressed)
    require_inner(between if outer is None else {**ends, **between})
    makes = dict.fromkeys(ends.values(), outer) if outer else {}
    makes |= dict.fromkeys(between.values(), inner)
    return {name: make(compressed.network.get_parameter(name)) for name, make in makes.items()}


def inputs_of(
    compressed: Compressed,
    workbench: Workbench,
    weights: Iterable[str],
    inner: Callable[[], InputQuantiser],
    outer: Callable[[], InputQuantiser],
) -> dict[str, InputQuantiser]:
    """A started quantiser for the input of each layer that has one of `weights`.

    Args:
        outer: for the first and the last layer, where their weights are among `weights`.

    Raises:
        NotApplicable: see `inputs.started`.
    """
    ends, _ = ends_and_inner(compressed)
    makes = {
        layer: outer if weight in ends.values() else inner
        for weight in weights
        for layer in layers_with(compressed.network, weight)
    }
    return inputs.started(compressed, workbench, makes)


def trained(
    compressed: Compressed,
    workbench: Workbench,
    quantisers: Mapping[str, Quantiser],
    readers: Mapping[str, InputQuantiser] = MappingProxyType({}),
    *,
    activation_bits: int = 32,
    distill: bool,
) -> Compressed:
    """Fine-tune with quantised weights and store these; pruned weights stay zero.

    Args:
        quantisers: by weight.
        readers: quantisers of inputs by layer, see `inputs_of`. Batch normalisation is folded after training then.
        activation_bits: what feature maps are counted with, if there are such.
    """
    network = deepcopy(compressed.network)
    inputs.attach(network, readers)
    real: dict[str, str] = {}  # name of the real weight behind each quantised one
    sharing = {name: layers_with(network, name) for name in quantisers}
    for name, quantiser in quantisers.items():
        for layer in sharing[name]:
            parametrize.register_parametrization(network.get_submodule(layer), "weight", quantiser)
        real[name] = f"{layer_of(name)}.parametrizations.weight.original".removeprefix(".")

    masks = {real.get(name, name): mask for name, mask in compressed.masks.items()}
    history = workbench.finetune(network, after_step=keep_zeros(network, masks), distill=distill)
    stored = {name: quantisers[name].stored(network.get_parameter(real[name])) for name in quantisers}
    with torch.no_grad():
        for name, representation in stored.items():
            for layer in sharing[name]:
                parametrize.remove_parametrizations(network.get_submodule(layer), "weight", leave_parametrized=True)
            network.get_parameter(name).copy_(torch.from_numpy(representation.decode()))
    inputs.detach(network, readers)
    result = compressed.but(
        network=network,
        history=(*compressed.history, *history),
        representations={**compressed.representations, **stored},
    )
    return inputs.stored(result, readers, activation_bits) if readers else result
