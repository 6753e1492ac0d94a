"""Two networks, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from bench.api._checks import layers_exist
from bench.errors import InputError
from bench.statistics.estimate import Estimate

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn


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
        batches: of images (b, C, H, W), or (images, labels) as a DataLoader gives them; read once.
        layers: names of modules that both networks have; default the outputs of the first network's blocks.
        features: of feature maps, mean over positions or all of them.
        measure: a file of `bench/similarity`, one that compares activations without labels.

    Returns:
        By layer; where similarity is undefined the value is NaN and `warning` says why.

    Raises:
        InputError: no such measure or layer, too few images, or no images.
    """
    from bench.diagnose.networks import device_of, still
    from bench.similarity import catalog
    from bench.similarity.measure import Measure
    from bench.zoo.networks.activations import as_features, block_activations
    from bench.zoo.networks.blocks import block_outputs

    chosen = catalog.measure(measure)
    if not isinstance(chosen, Measure) or chosen.compares != "activations":
        raise InputError(f"compare: {measure!r} needs more than activations; bench/similarity describes it")
    names = tuple(layers) if layers is not None else block_outputs(first)
    shown = [_images(batch) for batch in batches]
    if not shown:
        raise InputError("compare: there are no batches")
    sides = []
    for network in (first, second):
        layers_exist(network, names)
        with still(network):
            found = block_activations(network, names, [batch.to(device_of(network)) for batch in shown])
        sides.append([as_features(activations, features) for activations in found])
    return {name: _estimate(chosen, x, y) for name, x, y in zip(names, *sides)}


def _images(batch: Any) -> torch.Tensor:
    return batch[0] if isinstance(batch, tuple | list) else batch


def _estimate(measure: Any, x: np.ndarray, y: np.ndarray) -> Estimate:
    try:
        return measure.estimate(x, y)
    except InputError as reason:
        return Estimate(math.nan, math.nan, math.nan, len(x), "image", "none", warning=str(reason))
