"""Networks out of cells' files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import safetensors.torch
import torch

from bench.data import ImageSet
from bench.errors import InputError
from bench.footprint.packed import unpack
from bench.runner.store import Files
from bench.zoo.networks import build
from bench.zoo.networks.checkpoint import differences, fill


def fresh(
    spec: Mapping[str, Any], images: ImageSet, seed: int | None = None, weights: tuple[str, bytes] | None = None
) -> torch.nn.Module:
    """The cell's network with initial weights, of the cell's own seed if none is given; see `build`."""
    seed = spec["seed"] if seed is None else seed
    shape = images.channels, len(images.classes), images.size
    return build.build(spec["model"], *shape, seed, weights, images.classes)


def trained(spec: Mapping[str, Any], images: ImageSet, files: Files) -> torch.nn.Module:
    """The network that a training cell left."""
    network = fresh(spec, images)
    weights = safetensors.torch.load(files["network.safetensors"])
    if problems := differences(network.state_dict(), weights):
        raise InputError(f"network.safetensors does not fit {spec['model']}: {'; '.join(problems)}")
    fill(network, weights)
    return network.eval()


def compressed(spec: Mapping[str, Any], images: ImageSet, files: Files) -> torch.nn.Module:
    """The network that a compression's packed file holds."""
    return unpack(files["network.innards"], fresh(spec, images)).eval()
