"""Weights that are computed from others: masks of pruning, weight and spectral normalisation, parametrisations.

A file that is read back holds weights, and methods change weights: what computes them at every forward pass is baked in
before either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize, prune
from torch.nn.utils.spectral_norm import SpectralNorm, SpectralNormLoadStateDictPreHook
from torch.nn.utils.weight_norm import WeightNorm

PARTS = re.compile(r"(\w+)_(?:orig|mask|g|v|u)$|parametrizations\.(\w+)\.(?:original[01]?|0\._[uv])$")
SECOND_AXIS = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)  # outputs lie along it


def baked(network: nn.Module) -> nn.Module:
    """The network itself, every computed weight now a plain parameter with the value of eval mode; changed in place."""
    for module in network.modules():
        training = module.training
        module.eval()  # in training, spectral normalisation would take another step of its power iteration
        for hook in list(module._forward_pre_hooks.values()):
            if isinstance(hook, prune.BasePruningMethod):
                prune.remove(module, hook._tensor_name)
            elif isinstance(hook, WeightNorm):
                nn.utils.remove_weight_norm(module, hook.name)
            elif isinstance(hook, SpectralNorm):
                nn.utils.remove_spectral_norm(module, hook.name)
                _forget_vectors(module)
        if parametrize.is_parametrized(module):
            _bake_parametrizations(module)
        module.training = training
    return network


def _bake_parametrizations(module: nn.Module) -> None:
    # PyTorch's own removal deletes the weight from the module's class, which copies of the module have in common
    parametrized: Any = module.parametrizations
    with torch.no_grad():
        values = {name: getattr(module, name).detach().clone() for name in parametrized}
    learned = {name: next(parametrized[name].parameters(), None) is not None for name in parametrized}
    module.__class__ = parametrize.type_before_parametrizations(module)
    del module.parametrizations
    for name, value in values.items():
        if learned[name]:
            module.register_parameter(name, nn.Parameter(value))
        else:
            module.register_buffer(name, value)


def _forget_vectors(module: nn.Module) -> None:
    """Take away the hook by which spectral normalisation reads its vectors, which PyTorch leaves behind."""
    for key, hook in list(module._load_state_dict_pre_hooks.items()):
        if isinstance(getattr(hook, "hook", hook), SpectralNormLoadStateDictPreHook):
            del module._load_state_dict_pre_hooks[key]


def computed(network: nn.Module, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """`tensors` with each weight that the network has and they don't computed from what they hold in its stead."""
    weights = dict(tensors)
    for name in network.state_dict():
        parts = {} if name in weights else _parts(name, weights)
        value = _value(network, name, {role: weights[key] for role, key in parts.items()})
        if value is not None:
            weights = {key: tensor for key, tensor in weights.items() if key not in parts.values()} | {name: value}
    return weights


def stem(name: str) -> str:
    """The name of the weight that a tensor helps to compute; of any other tensor its own.

    >>> stem("conv.weight_mask"), stem("conv.parametrizations.weight.original0"), stem("conv.bias")
    ('conv.weight', 'conv.weight', 'conv.bias')
    """
    return PARTS.sub(lambda match: match[1] or match[2], name)


def _parts(name: str, weights: Mapping[str, Any]) -> dict[str, str]:
    """What a weight is computed from, by role, each with its name in the file."""
    module, _, attribute = name.rpartition(".")
    base = f"{module}." if module else ""
    new = f"{base}parametrizations.{attribute}"
    names = {
        "orig": (f"{name}_orig", f"{new}.original"),
        "mask": (f"{name}_mask",),
        "g": (f"{name}_g", f"{new}.original0"),
        "v": (f"{name}_v", f"{new}.original1"),
        "u": (f"{name}_u", f"{new}.0._u"),
        "right": (f"{new}.0._v",),
    }
    return {role: key for role, keys in names.items() for key in keys if key in weights}


def _value(network: nn.Module, name: str, parts: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
    shapes = {tensor.shape for role, tensor in parts.items() if role in ("orig", "mask")}
    if set(parts) == {"orig", "mask"} and len(shapes) == 1:
        return parts["orig"] * parts["mask"].to(parts["orig"].dtype)
    if set(parts) == {"g", "v"} and parts["v"].ndim > 1:
        axis = next((axis for axis, size in enumerate(parts["g"].shape) if size > 1), 0 if parts["g"].ndim else -1)
        return torch._weight_norm(parts["v"], parts["g"], axis)
    if set(parts) in ({"orig", "u", "v"}, {"orig", "u", "right"}):
        # W / σ, where σ = uᵀWv is the largest singular value that the power iteration has reached (Miyato et al. 2018)
        layer = network.get_submodule(name.rpartition(".")[0])
        matrix = parts["orig"].movedim(int(isinstance(layer, SECOND_AXIS)), 0).flatten(1)
        return parts["orig"] / (parts["u"] @ matrix @ parts["v" if "v" in parts else "right"])
    return None
