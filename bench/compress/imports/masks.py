"""Masks that a file holds beside its weights, under the names of the weights that they prune."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

from bench.errors import InputError
from bench.zoo.networks.wrappings import under_own_names

TABLE = re.compile(r"(^|_)masks?(_(dict|state_dict|state|table|list))?$", re.IGNORECASE)  # of masks, whatever it holds
PERHAPS = re.compile(r"(^|_)masks?(_|$)", re.IGNORECASE)  # masks_best, but also mask_rcnn, which is a network


def split(content: Any, network: torch.nn.Module) -> tuple[Any, dict[str, Any]]:
    """A file's content without masks, and the masks by the names that the file has for their weights.

    A mask is an entry of a table whose name says so, `masks`, `mask_dict`, or a tensor `conv.weight_mask` or
    `conv.mask` beside `conv.weight` and of its shape. What the network has itself under such a name is none.
    """
    if not isinstance(content, Mapping):
        return content, {}
    own = network.state_dict()
    rest: dict[Any, Any] = {}
    masks: dict[str, Any] = {}
    for key, value in content.items():
        weight = _weight_of(str(key), value, content)
        entries = _entries(value) if PERHAPS.search(str(key)) else {}
        entries = entries if TABLE.search(str(key)) or all(map(_is_binary, entries.values())) else {}
        if entries:
            masks |= entries
        elif weight and not any(f".{key}".endswith(f".{name}") for name in own):
            masks[weight] = value
        else:
            rest[key], inner = split(value, network)
            masks |= inner
    return rest, masks


def apply(network: torch.nn.Module, masks: Mapping[str, Any], name: str) -> dict[str, torch.Tensor]:
    """Set to zero, in place, what masks leave out.

    Args:
        masks: zeros and ones by the names that the file has for their weights, or the layers of these.
        name: of the file, for messages.

    Returns:
        The masks by the names of the weights, True where one survives, be it zero.

    Raises:
        InputError: they are no masks of the network's weights.
    """
    weights = dict(network.named_parameters())
    layers = tuple(f".{weight.removesuffix('.weight')}" for weight in weights if weight.endswith(".weight"))
    named = {f"{key}.weight" if f".{key}".endswith(layers) else key: mask for key, mask in masks.items()}
    given: dict[str, torch.Tensor] = {}
    for key, mask in under_own_names(network, named).items():
        weight = weights.get(key)
        if not isinstance(mask, torch.Tensor) or weight is None or weight.shape != mask.shape:
            raise InputError(f"checkpoint {name!r} has a mask of {key}, which fits no weight of that name")
        if not _is_binary(mask):
            raise InputError(f"checkpoint {name!r}: its mask of {key} has other numbers than 0 and 1")
        with torch.no_grad():
            weight.mul_(mask.to(weight.dtype))
        given[key] = mask != 0
    return given


def _is_binary(mask: torch.Tensor) -> bool:
    return bool(((mask == 0) | (mask == 1)).all())


def _entries(table: Any) -> dict[str, torch.Tensor]:
    """The tensors of a table or list of masks; settings that are called so have none."""
    named = table.items() if isinstance(table, Mapping) else enumerate(table) if isinstance(table, list | tuple) else ()
    return {_stem(str(name)): mask for name, mask in named if isinstance(mask, torch.Tensor)}


def _stem(name: str) -> str:
    """The weight or the layer that an entry of a table is named after.

    >>> _stem("conv.weight_mask"), _stem("conv.mask"), _stem("conv.weight")
    ('conv.weight', 'conv', 'conv.weight')
    """
    return re.sub(r"[._]mask$", "", name)


def _weight_of(key: str, value: Any, beside: Mapping[Any, Any]) -> str:
    """The name of the weight in the same table that a tensor is the mask of; empty if it is none."""
    names = [key.removesuffix("_mask")] if key.endswith("_mask") else []
    names += [f"{key.removesuffix('mask')}weight"] if key.rpartition(".")[2] == "mask" else []
    shape = getattr(value, "shape", None)
    return next((name for name in names if shape is not None and getattr(beside.get(name), "shape", None) == shape), "")
