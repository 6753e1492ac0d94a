"""Weights of one bit: how they are trained, and what they come to when they are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import parametrize

from bench.compress.binary.signs import Binarisation
from bench.compress.method import NotApplicable, require_unrounded
from bench.compress.pruning.masking import prunable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Binary
from bench.footprint.structure import binary_activations
from bench.footprint.structure.binary_activations import NORMALISED
from bench.footprint.trace import trace

IMAGES = 512  # by which statistics of batch normalisation are taken again


def all_layers(compressed: Compressed) -> list[str]:
    """Names of all layers with weights that can be binarised.

    Raises:
        NotApplicable: the weights are rounded or pruned already, or there are none.
    """
    require_unrounded(compressed)
    names = [weight.removesuffix("weight").removesuffix(".") for weight in prunable(compressed.network)]
    _require_unpruned(compressed, names)
    return names


def inner_layers(compressed: Compressed) -> list[str]:
    """Names of all layers with weights but the first and the last that run.

    Raises:
        NotApplicable: the weights are rounded or pruned already, or there are none between.
    """
    if compressed.example is None:
        raise ValueError(
            "which layer is the first and which the last is seen by running: give `Compressed` an `example`"
        )
    require_unrounded(compressed)
    layers = {weight.removesuffix("weight").removesuffix(".") for weight in prunable(compressed.network)}
    running = [call.module for call in trace(compressed.network, compressed.example).calls if call.module in layers]
    inner = [name for name in dict.fromkeys(running) if name not in (running[0], running[-1])]
    if not inner:
        raise NotApplicable("the first and the last layer keep their weights, and there is none between them")
    _require_unpruned(compressed, inner)
    return inner


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


def _require_unpruned(compressed: Compressed, layers: Iterable[str]) -> None:
    for name in layers:
        mask = compressed.masks.get(_weight(name))
        if mask is not None and not mask.all():
            raise NotApplicable(f"{_weight(name)} is pruned, and one bit has no value for zero")


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
    """Train with the weights of `layers` binarised, and store them as what they are then: signs, and a scale a filter.

    Forward and backward passes see binary weights, the optimizer moves the real ones behind them. Signs flip until the
    end, or are even drawn, so statistics of batch normalisation are taken again with those that are stored. A
    normalisation after a layer is folded into it, so that the scale of its filters costs nothing.

    Args:
        make: a binarisation of its own for each weight.
    """
    network = deepcopy(compressed.network)
    modules: dict[str, Any] = {name: network.get_submodule(name) for name in layers}
    binarisations = {name: make(module.weight) for name, module in modules.items()}
    for name, module in modules.items():
        binarisations[name].start(module.weight)
        parametrize.register_parametrization(module, "weight", binarisations[name])

    def tidy(step: int, steps: int) -> None:
        for name, module in modules.items():
            binarisations[name].tidy(module.parametrizations.weight.original)

    tidy(0, 0)
    history = workbench.finetune(network, after_step=tidy, distill=distill)
    for module in modules.values():
        parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    take_again(network, workbench)
    return represented(compressed.but(network=network, history=(*compressed.history, *history)), modules)


@torch.no_grad()
def take_again(network: torch.nn.Module, workbench: Workbench, images: int = IMAGES) -> None:
    """Set running means and variances, in place, to those of training images; the network must be in eval mode.

    Every normalisation sees what the others make of their batch, as in training; no weight is changed.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a mean over all batches
        norm.train()
    for batch, _ in workbench.batches(images):
        network(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def represented(compressed: Compressed, layers: Iterable[str]) -> Compressed:
    """Normalisation folded, and the weights of `layers`, of two values a filter, as one bit each."""
    finished = finish(compressed)
    names = map(_weight, layers)
    signs = {name: _as_binary(finished.network.get_parameter(name).detach().cpu().numpy()) for name in names}
    return finished.but(representations={**finished.representations, **signs})


def _as_binary(weight: np.ndarray) -> Binary:
    alpha = np.abs(weight.reshape(len(weight), -1)[:, 0])
    return Binary(positive=weight >= 0, alpha=None if (alpha == 1).all() else alpha)
