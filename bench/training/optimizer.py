"""The optimizer of a recipe, and which parameters decay."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import ParametrizationList

from bench.training.recipe import Recipe

METHODS = ("bench.compress.", "nncf.")  # packages whose modules methods put into a network
SECOND_BETA = 0.999  # of Adam: Kingma and Ba, Adam (2015), algorithm 1


def make_optimizer(
    network: nn.Module, recipe: Recipe, parameters: Iterable[nn.Parameter] | None = None
) -> torch.optim.Optimizer:
    """The recipe's optimizer; its learning rate is set at every step.

    Args:
        parameters: only these are trained; default all that require a gradient.
    """
    still = _of_batch_norms(network) if recipe.batch_norm == "frozen" else set()
    chosen = network.parameters() if parameters is None else parameters
    trained = [p for p in chosen if p.requires_grad and id(p) not in still]
    # On a bias, a batch norm's scale or a quantiser's range, decay would only pull a working point towards 0; recipes
    # that were published with it say so.
    decayed = {id(parameter) for parameter in decaying(network)}
    if recipe.decay == "all":  # that the network itself has; a method says of its own which decay
        decayed |= {id(parameter) for parameter in trained} - _of_methods(network)
    groups = [
        {"params": [p for p in trained if id(p) in decayed], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if id(p) not in decayed], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    # not fused: that is silently wrong where a method gave a weight another memory layout
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            groups,
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov and recipe.momentum > 0,
            foreach=True,
        )
    if recipe.optimizer == "adadelta":  # its decay of averages is torch's and the paper's, 0.9 (Zeiler 2012)
        return torch.optim.Adadelta(groups, lr=recipe.learning_rate, foreach=True)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=recipe.learning_rate, betas=(recipe.momentum, SECOND_BETA), foreach=True)


def _of_batch_norms(network: nn.Module) -> set[int]:
    norms = (module for module in network.modules() if isinstance(module, _BatchNorm))
    return {id(parameter) for norm in norms for parameter in norm.parameters()}


def _of_methods(network: nn.Module) -> set[int]:
    """Steps of quantisers, thresholds and the like: parameters of a method's modules, or marked `of_method`."""
    theirs = (module for module in network.modules() if type(module).__module__.startswith(METHODS))
    marked = (parameter for parameter in network.parameters() if getattr(parameter, "of_method", False))
    return {id(parameter) for module in theirs for parameter in module.parameters(recurse=False)} | set(map(id, marked))


def decaying(network: nn.Module) -> list[nn.Parameter]:
    """Weights of convolutions and linear layers; not biases, batch norms, scales of quantisers or codebooks.

    Besides, what modules of a method name in `decayed`: parameters of their own or, of a parametrisation, "original",
    which is the weight behind it.
    """
    layers = (module for module in network.modules() if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)))
    weights = [parameter for layer in layers for parameter in layer.parameters(recurse=False) if parameter.ndim > 1]
    owners = [(module, module) for module in network.modules()]
    owners += [(stored, one) for stored, _ in owners if isinstance(stored, ParametrizationList) for one in stored]
    named = (getattr(owner, name, None) for owner, one in owners for name in getattr(one, "decayed", ()))
    return weights + [parameter for parameter in named if isinstance(parameter, nn.Parameter)]
