"""Two networks, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from bench.api._checks import layers_exist
from bench.diagnose.networks import device_of, still
from bench.errors import InputError
from bench.similarity import catalog
from bench.similarity.measure import Measure
from bench.statistics.estimate import Estimate
from bench.zoo.networks.activations import as_features, block_activations
from bench.zoo.networks.blocks import block_outputs


def compare(
    first: nn.Module,
    second: nn.Module,
    batches: Iterable[Any],
    *,
    layers: Sequence[str] | None = None,
    features: Literal["pooled", "flattened"] = "pooled",
    measure: str = "debiased-cka",
) -> dict[str, Estimate]:
    """How similar are two networks, layer by layer, with a 95% interval over images?

    >>> import torch
    >>> from torch import nn
    >>> layers = [nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4)]
    >>> network = nn.Sequential(*layers)
    >>> similarity = compare(network, network, [torch.randn(64, 3, 8, 8)])
    >>> {layer: round(estimate.value, 6) for layer, estimate in similarity.items()}
    {'1': 1.0, '3': 1.0}

    Args:
        batches: images (b, C, H, W), or (images, labels) as a DataLoader yields them; read once.
        layers: names of modules that both networks have; default the outputs of the first network's blocks.
        features: "pooled" is the mean of a feature map over positions, "flattened" keeps every position.
        measure: a name of `python -m bench list measures` that compares activations without labels.

    Returns:
        One estimate per layer. Where similarity is undefined, the value is NaN and `warning` says why.

    Raises:
        InputError: no such measure or layer, too few images, or no images.
    """
    chosen = catalog.measure(measure)
    if not isinstance(chosen, Measure) or chosen.compares != "activations":
        raise InputError(f"compare: {measure!r} needs more than activations; bench/similarity describes it")
    names = tuple(layers) if layers is not None else block_outputs(first)
    shown = [_images(batch) for batch in batches]
    if not shown:
        raise InputError("compare: there are no batches")
    # The batches are kept, because both networks must see the same images in the same order and a DataLoader that
    # shuffles or augments gives others at its second pass.
    sides = []
    for network in (first, second):
        layers_exist(network, names)
        with still(network):
            maps = block_activations(network, names, [batch.to(device_of(network)) for batch in shown])
        sides.append([as_features(activations, features) for activations in maps])
    return {name: _estimate(chosen, x, y) for name, x, y in zip(names, *sides)}


def _images(batch: Any) -> torch.Tensor:
    return batch[0] if isinstance(batch, tuple | list) else batch


def _estimate(measure: Measure, x: np.ndarray, y: np.ndarray) -> Estimate:
    try:
        return measure.estimate(x, y)
    except InputError as reason:  # a layer without spread is an answer, and the other layers still have theirs
        return Estimate(math.nan, math.nan, math.nan, len(x), "image", "none", warning=str(reason))
