"""Weights that a method leaves in float32 as the network has them."""

# Methods compress the weights of convolutions and linear layers. What attention keeps as one parameter
# (`in_proj_weight`), embeddings and tokens are none of them: half of a transformer may stay in float32 unseen.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

BY_CHANCE = 1e-3  # share of zeros above which a weight was pruned, though it is stored in the dense layout


def untouched(layers: Iterable[Mapping[str, Any]], before: Mapping[str, tuple[int, ...]]) -> dict[str, float]:
    """Names of the weights that are stored as they were, each with its share of all weights that are stored.

    Args:
        layers: of a packed file, with the fields of `bench.footprint.packed.LayerSize`.
        before: shapes of the network's tensors before it was compressed.

    Returns:
        Empty, too, if no weight is stored otherwise: then nothing was compressed.

    >>> kept = {"name": "a", "shape": (2, 3), "payload_bytes": 24, "sparsity": 0.0}
    >>> untouched([kept, {**kept, "name": "b", "payload_bytes": 6}], {"a": (2, 3), "b": (2, 3)})
    {'a': 0.5}
    """
    sizes, same = {}, []
    for layer in layers:
        name, shape = layer["name"], tuple(layer["shape"])
        if len(shape) > 1 and layer.get("representation") != "whole":
            sizes[name] = prod(shape)
            in_float32 = layer["payload_bytes"] == 4 * sizes[name] and layer["sparsity"] < BY_CHANCE
            if in_float32 and before.get(name) == shape:
                same.append(name)
    total = sum(sizes.values())
    return {name: sizes[name] / total for name in same} if len(same) < len(sizes) else {}
