"""Which layers with weights run first, last and between: what the first and the last keep is each method's policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch.nn.modules.conv import _ConvNd

from bench.compress.method import NotApplicable
from bench.compress.pruning.masking import prunable
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace


def ends_and_inner(compressed: Compressed) -> tuple[dict[str, str], dict[str, str]]:
    """Names of the weights of convolutions and linear layers, by layer, in the order in which the layers first run.

    Returns:
        Of the layer that runs first and the one that runs last, and of all others that run.

    Raises:
        NotApplicable: there are none.
    """
    if compressed.example is None:
        raise ValueError("which layer is the first to run is seen by running: give `Compressed` an `example`")
    # a weight that layers share has one name, and any of them may be the first or the last to run
    network = compressed.network
    weights = {layer: weight for weight in prunable(network) for layer in layers_with(network, weight)}
    calls = [call.module for call in trace(network, compressed.example).calls if call.module in weights]
    ends = dict.fromkeys((*calls[:1], *calls[-1:]))  # a layer that runs several times may be both
    outer = {name: weights[name] for name in ends}
    return outer, {name: weights[name] for name in calls if weights[name] not in outer.values()}


def require_inner(layers: Mapping[str, str]) -> None:
    """Refuse a network whose first and last layer are all that it has, for methods that leave those as they are.

    Raises:
        NotApplicable: `layers`, those between, are none.
    """
    if not layers:
        raise NotApplicable("the first and the last layer keep their weights, and there is none between them")


def require_unpruned(compressed: Compressed, weights: Iterable[str], why: str) -> None:
    """Refuse pruned weights for values among which there is no zero.

    Args:
        why: what has no value for zero.

    Raises:
        NotApplicable: one of the weights is pruned.
    """
    for name in weights:
        mask = compressed.masks.get(name)
        if mask is not None and not mask.all():
            raise NotApplicable(f"{name} is pruned, and {why} has no value for zero")


def layers_with(network: torch.nn.Module, weight: str) -> list[str]:
    """Names of the convolutions and linear layers that have a weight: several, where layers share it."""
    parameter = network.get_parameter(weight)
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, (_ConvNd, torch.nn.Linear)) and module._parameters.get("weight") is parameter
    ]


def layer_of(weight: str) -> str:
    """The layer that a weight is of; "" is the network itself."""
    return weight.rpartition(".")[0]
