"""Checkpoints of Distiller: weights, and the masks that its scheduler held them under, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from bench.errors import InputError
from bench.zoo.networks.wrappings import under_own_names

SCHEDULER, MASKS = "compression_sched", "masks_dict"
RECIPES = "thinning_recipes"
BACKUP = "float_"  # before the name of the weight that a quantised one was computed from
WRAPPED = ".wrapped_module."  # the layer inside a module that quantises what goes in and out


def is_one(content: Any) -> bool:
    """Whether a file's content has what only Distiller writes."""
    return isinstance(content, Mapping) and bool({SCHEDULER, RECIPES, "quantizer_metadata"} & content.keys())


def weights(
    content: Mapping[str, Any], name: str, network: torch.nn.Module
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The weights as the network computes with them, under their masks and rounded where trained so; and the masks.

    Args:
        name: of the file, for messages.
        network: that they belong to.

    Raises:
        InputError: they need modules of Distiller's, which are code.
    """
    if content.get(RECIPES):
        raise InputError(
            f"checkpoint {name!r} was thinned by recipes of Distiller, which change the network by code: "
            "give its network as a function, and its state_dict alone"
        )
    state = content.get("state_dict")
    if not isinstance(state, Mapping):
        raise InputError(f"checkpoint {name!r} is one of Distiller without a state_dict")
    if any(WRAPPED in key for key in state):
        raise InputError(
            f"checkpoint {name!r} was quantised after training by Distiller, whose modules also round feature maps: "
            "give a state_dict of the rounded weights"
        )
    # The backup is the weight that was trained; the one without the prefix is what it was rounded to.
    backups = {key for key in state if _base(key) in state and _base(key) != key}
    tensors = under_own_names(network, {key: value for key, value in state.items() if key not in backups})
    masks = under_own_names(network, _masks(content, name))
    for key, mask in masks.items():
        weight = tensors.get(key)
        if not isinstance(weight, torch.Tensor) or weight.shape != mask.shape:
            raise InputError(f"checkpoint {name!r} has a mask of {key}, which fits no weight of that name")
        tensors[key] = weight * mask.to(weight.dtype)
    return tensors, {key: mask != 0 for key, mask in masks.items()}


def _masks(content: Mapping[str, Any], name: str) -> dict[str, torch.Tensor]:
    scheduler = content.get(SCHEDULER)
    masks = scheduler.get(MASKS) if isinstance(scheduler, Mapping) else None
    if masks is None:
        return {}
    if not isinstance(masks, Mapping) or not all(
        mask is None or isinstance(mask, torch.Tensor) for mask in masks.values()
    ):
        raise InputError(f"checkpoint {name!r}: its {MASKS} holds no masks by the weights' names")
    return {key: mask for key, mask in masks.items() if mask is not None}


def _base(key: str) -> str:
    """The name of the rounded weight that a backup belongs to.

    >>> _base("conv1.float_weight"), _base("conv1.weight")
    ('conv1.weight', 'conv1.weight')
    """
    module, dot, attribute = key.rpartition(".")
    return f"{module}{dot}{attribute.removeprefix(BACKUP)}"
