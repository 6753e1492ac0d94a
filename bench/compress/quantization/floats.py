"""Storing what no other method represents as floating-point numbers of 16 bits."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
import torch

from bench.compress.method import NotApplicable
from bench.footprint.representation import Float

if TYPE_CHECKING:
    from bench.footprint.compressed import Compressed
    from bench.footprint.representation.float import FloatType


def rounded(compressed: Compressed, dtype: FloatType) -> Compressed:
    """Round every tensor that would be stored as float32 to the nearest numbers of a type, ties to even.

    Tensors that are represented otherwise already (integers, signs, codebooks) stay as they are.

    Raises:
        NotApplicable: a number is beyond the type's range.
    """
    network = deepcopy(compressed.network)
    state = network.state_dict()
    floats = dict(_floats(state, compressed, dtype))
    with torch.no_grad():
        for name, representation in floats.items():
            state[name].copy_(torch.from_numpy(representation.values))
    return compressed.but(network=network, representations={**compressed.representations, **floats})


def _floats(state: dict[str, torch.Tensor], compressed: Compressed, dtype: FloatType) -> Iterator[tuple[str, Float]]:
    for name, tensor in state.items():
        if tensor.is_floating_point() and not _stored_smaller(compressed, name):
            yield name, _round(name, tensor.detach().float().cpu().numpy(), dtype)


def _stored_smaller(compressed: Compressed, name: str) -> bool:
    representation = compressed.representations.get(name)
    return representation is not None and not (isinstance(representation, Float) and representation.type == "float32")


def _round(name: str, values: np.ndarray, dtype: FloatType) -> Float:
    representation = Float.rounded(values, dtype)
    overflown = np.isfinite(values) & ~np.isfinite(representation.values)
    if overflown.any():
        worst = float(np.abs(values[overflown]).max())
        raise NotApplicable(f"{name} holds {worst:.4g}, which is beyond {dtype}'s range")
    return representation
