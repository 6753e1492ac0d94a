"""Layers with fewer channels, after structured pruning."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from bench.footprint.structure.affine_batchnorm import Affine
from bench.zoo.layers.residual import SubsampleAndPad

Sizes = dict[str, dict[str, int]]


def apply(network: torch.nn.Module, sizes: Sizes) -> torch.nn.Module:
    """Resize layers to fewer channels; tensors of another shape become zero, and layers that share one still do.

    Args:
        sizes: by layer. Convolution: {"in", "out", "groups"}; linear: {"in", "out"}; normalisation: {"out"}; a shortcut
            that fills new channels with zeros: {"new"}.

    Raises:
        ValueError: a layer would grow, is none of these kinds, or shares a tensor with one that gets another shape.
    """
    shared = _shared(network)
    for name, target in sizes.items():
        layer = network.get_submodule(name)
        present = sizes_of(layer)
        if present.keys() != target.keys():
            raise ValueError(f"{name} has {', '.join(present) or 'no channels'}, not {', '.join(target)}")
        if not all(isinstance(target[key], int) and (key != "new") <= target[key] <= present[key] for key in present):
            raise ValueError(f"{name} cannot go from {present} to {target}")
        if isinstance(layer, SubsampleAndPad):
            layer.before, layer.after = target["new"] // 2, target["new"] - target["new"] // 2
        else:
            _resize(layer, **{"in_": target.get("in", 0), "out": target["out"], "groups": target.get("groups", 1)})
    for first, *others in shared:
        tensor = network.get_parameter(first)
        for name in others:
            parent, _, attribute = name.rpartition(".")
            if network.get_parameter(name).shape != tensor.shape:
                raise ValueError(f"{first} and {name} are one tensor and cannot have two shapes")
            setattr(network.get_submodule(parent), attribute, tensor)
    return network


def _shared(network: torch.nn.Module) -> list[list[str]]:
    """Names of parameters that are one tensor."""
    names: dict[int, list[str]] = {}
    for name, parameter in network.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [group for group in names.values() if len(group) > 1]


def sizes_of(layer: torch.nn.Module) -> dict[str, int]:
    """A layer's numbers of channels, as `apply` takes them; empty for one without."""
    if isinstance(layer, _ConvNd):
        return {"in": layer.in_channels, "out": layer.out_channels, "groups": layer.groups}
    if isinstance(layer, torch.nn.Linear):
        return {"in": layer.in_features, "out": layer.out_features}
    if isinstance(layer, _NormBase):
        return {"out": layer.num_features}
    if isinstance(layer, Affine):
        return {"out": layer.weight.numel()}
    if isinstance(layer, SubsampleAndPad):
        return {"new": layer.before + layer.after}
    return {}


def step(before: torch.nn.Module, after: torch.nn.Module) -> dict[str, Any]:
    """The structural step from one network to another that differs from it only in numbers of channels."""
    layers = ((name, sizes_of(layer), sizes_of(before.get_submodule(name))) for name, layer in after.named_modules())
    return {"kind": "thin-channels", "sizes": {name: now for name, now, then in layers if now != then}}


def _resize(layer: Any, in_: int, out: int, groups: int) -> None:
    if isinstance(layer, _ConvNd):
        if in_ % groups or out % groups:
            raise ValueError(f"{in_} and {out} channels do not fall into {groups} groups")
        axes = (in_, out // groups) if layer.transposed else (out, in_ // groups)
        layer.in_channels, layer.out_channels, layer.groups = in_, out, groups
        _reshape(layer, "weight", (*axes, *layer.kernel_size))
        _reshape(layer, "bias", (out,))
    elif isinstance(layer, torch.nn.Linear):
        layer.in_features, layer.out_features = in_, out
        _reshape(layer, "weight", (out, in_))
        _reshape(layer, "bias", (out,))
    else:
        if isinstance(layer, _NormBase):
            layer.num_features = out
        for name in ("weight", "bias", "running_mean", "running_var"):
            _reshape(layer, name, (out,))


def _reshape(layer: Any, name: str, shape: tuple[int, ...]) -> None:
    old = getattr(layer, name, None)
    if old is None or tuple(old.shape) == shape:
        return
    new = torch.zeros(shape, dtype=old.dtype, device=old.device)
    setattr(layer, name, torch.nn.Parameter(new) if isinstance(old, torch.nn.Parameter) else new)
