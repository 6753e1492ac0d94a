"""Weights of one bit: training them through their signs, and storing them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch.nn.utils import parametrize

from bench.compress.binary.signs import Binarisation
from bench.compress.layer_order import ends_and_inner, layer_of, layers_with, require_inner, require_unpruned
from bench.compress.method import NotApplicable, require_unrounded
from bench.compress.normalization import running_statistics
from bench.compress.pruning.masking import keep_zeros, prunable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Binary
from bench.footprint.structure import binary_activations
from bench.footprint.structure.binary_activations import NORMALISED
from bench.footprint.trace import trace

ONE_BIT = "one bit"
IMAGES = 512  # from which statistics of batch normalisation are estimated again


def all_layers(compressed: Compressed) -> list[str]:
    """Names of all layers whose weights can be binarised.

    Raises:
        NotApplicable: the weights have a representation or are pruned already, or there are none.
    """
    require_unrounded(compressed)
    weights = prunable(compressed.network)
    require_unpruned(compressed, weights, ONE_BIT)
    return [layer_of(weight) for weight in weights]


def inner_layers(compressed: Compressed, *, transposed: bool = True) -> list[str]:
    """Names of all layers with weights, except the first and the last to run.

    Args:
        transposed: whether transposed convolutions count.

    Raises:
        NotApplicable: the weights have a representation or are pruned already, or there are none between.
    """
    require_unrounded(compressed)
    _, inner = ends_and_inner(compressed)
    if not transposed:
        kept = prunable(compressed.network, transposed=False)
        inner = {layer: weight for layer, weight in inner.items() if weight in kept}
    require_inner(inner)
    require_unpruned(compressed, inner.values(), ONE_BIT)
    return list(inner)


def with_binary_inputs(compressed: Compressed, layers: list[str]) -> Compressed:
    """A copy that normalises the inputs of `layers` by channel and reduces them to their signs.

    Each layer becomes the part `layer` of the module that takes its name.

    Raises:
        NotApplicable: a normalisation by channel cannot be put before one of them.
    """
    _require_channels(compressed, layers)
    step = {"kind": "binary-activations", "layers": layers}
    network = binary_activations.apply(deepcopy(compressed.network), layers)
    return compressed.but(network=network, structure=(*compressed.structure, step), activation_bits=1)


def _require_channels(compressed: Compressed, layers: list[str]) -> None:
    assert compressed.example is not None
    inputs = {call.module: call.input for call in trace(compressed.network, compressed.example).calls}
    for name in layers:
        module, value = compressed.network.get_submodule(name), inputs[name]
        if type(module) not in NORMALISED:
            raise NotApplicable(f"{name} is a {type(module).__name__}, no plain convolution or linear layer")
        if isinstance(module, torch.nn.Linear) and value is not None and len(value.shape) != 2:
            raise NotApplicable(
                f"{name} reads feature maps of {len(value.shape)} axes, whose channels are not the second"
            )


def _weight(layer: str) -> str:
    return f"{layer}.weight" if layer else "weight"


def trained(
    compressed: Compressed,
    workbench: Workbench,
    layers: Iterable[str],
    make: Callable[[torch.Tensor], Binarisation],
    *,
    distill: bool,
) -> Compressed:
    """Train with the weights of `layers` binarised, and store them as signs and one scale per filter.

    Args:
        make: called with each weight; returns its binarisation.
    """
    # Forward and backward passes see binary weights; the optimizer moves the real ones behind them, since steps far too
    # small to flip a sign must add up. Signs still flip in the last steps (or are drawn at random), so running
    # statistics lag behind the weights that are stored, and are estimated again. A normalisation after a layer is
    # folded last: it scales each filter, which has a scale anyway, so that both together cost one number per filter.
    network = deepcopy(compressed.network)
    modules: dict[str, Any] = {}
    for name in layers:
        module: Any = network.get_submodule(name)
        if all(module.weight is not other.weight for other in modules.values()):
            modules[name] = module
    binarisations = {name: make(module.weight) for name, module in modules.items()}
    # of layers that share a weight, each has to see it binarised
    sharing = {name: layers_with(network, _weight(name)) for name in modules}
    for name, module in modules.items():
        binarisations[name].start(module.weight)
        for layer in sharing[name]:
            parametrize.register_parametrization(network.get_submodule(layer), "weight", binarisations[name])
    pruned = {name: mask for name, mask in compressed.masks.items() if not mask.all()}
    keep = keep_zeros(network, pruned)  # of the ends; whatever is binarised has lost nothing

    def tidy(step: int, steps: int) -> None:
        keep(step, steps)
        for name, module in modules.items():
            binarisations[name].tidy(module.parametrizations.weight.original)

    tidy(0, 0)
    history = workbench.finetune(network, after_step=tidy, distill=distill)
    binary = {name: module.weight.detach().clone() for name, module in modules.items()}
    with torch.no_grad():
        for name, module in modules.items():
            for layer in sharing[name]:
                parametrize.remove_parametrizations(network.get_submodule(layer), "weight", leave_parametrized=True)
            module.weight.copy_(binary[name])
    running_statistics.take_again(network, running_statistics.whole_batches(workbench, IMAGES))
    return represented(compressed.but(network=network, history=(*compressed.history, *history)), modules)


def represented(compressed: Compressed, layers: Iterable[str]) -> Compressed:
    """Fold normalisation, and represent the weights of `layers`, which have two values per filter, by one bit each."""
    finished = finish(compressed)
    names = map(_weight, layers)
    signs = {name: _as_binary(finished.network.get_parameter(name).detach().cpu().numpy()) for name in names}
    return finished.but(representations={**finished.representations, **signs})


def _as_binary(weight: np.ndarray) -> Binary:
    alpha = np.abs(weight.reshape(len(weight), -1)[:, 0])
    return Binary(positive=weight >= 0, alpha=None if (alpha == 1).all() else alpha)
