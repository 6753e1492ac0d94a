"""Weights of one bit: how they are trained, and what they come to when they are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch.nn.utils import parametrize

from bench.compress.binary.signs import Binarisation
from bench.compress.binary.statistics import take_again
from bench.compress.method import NotApplicable, require_unrounded
from bench.compress.pruning.masking import prunable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Binary
from bench.footprint.structure.binary_activations import NORMALISED
from bench.footprint.trace import trace


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


def plain(compressed: Compressed, layers: list[str]) -> list[str]:
    """`layers`, if a normalisation by channel can be put before each.

    Raises:
        NotApplicable: it cannot.
    """
    assert compressed.example is not None
    seen = {call.module: call.input for call in trace(compressed.network, compressed.example).calls}
    for name in layers:
        module, given = compressed.network.get_submodule(name), seen[name]
        if type(module) not in NORMALISED:
            raise NotApplicable(f"{name} is a {type(module).__name__}, no plain convolution or linear layer")
        if isinstance(module, torch.nn.Linear) and given is not None and len(given.shape) != 2:
            raise NotApplicable(
                f"{name} reads feature maps of {len(given.shape)} axes, whose channels are not the second"
            )
    return layers


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


def represented(compressed: Compressed, layers: Iterable[str]) -> Compressed:
    """Normalisation folded, and the weights of `layers`, of two values a filter, as one bit each."""
    finished = finish(compressed)
    names = map(_weight, layers)
    signs = {name: _as_binary(finished.network.get_parameter(name).detach().cpu().numpy()) for name in names}
    return finished.but(representations={**finished.representations, **signs})


def _as_binary(weight: np.ndarray) -> Binary:
    alpha = np.abs(weight.reshape(len(weight), -1)[:, 0])
    return Binary(positive=weight >= 0, alpha=None if (alpha == 1).all() else alpha)
