"""Tensors stored as floating-point numbers of 16 bits."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch

from bench.compress.method import NotApplicable
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.representation import Float
from bench.footprint.representation.float import FloatType


def rounded(compressed: Compressed, dtype: FloatType) -> Compressed:
    """Round every tensor that would be stored as float32 to the nearest numbers of a type, ties to even.

    Batch normalisation is folded first. Tensors that already have another representation (integers, signs, codebooks)
    stay as they are.

    Raises:
        NotApplicable: a number is beyond the type's range.
    """
    finished = finish(compressed)
    network = deepcopy(finished.network)
    state = network.state_dict()
    floats = dict(_floats(state, finished, dtype))
    with torch.no_grad():
        for name, representation in floats.items():
            state[name].copy_(torch.from_numpy(representation.values))
    return finished.but(network=network, representations={**finished.representations, **floats})


def _floats(state: dict[str, torch.Tensor], compressed: Compressed, dtype: FloatType) -> Iterator[tuple[str, Float]]:
    for name, tensor in state.items():
        if tensor.is_floating_point() and not _stored_smaller(compressed, name):
            yield name, _round(name, tensor.detach().float().cpu().numpy(), dtype)


def _stored_smaller(compressed: Compressed, name: str) -> bool:
    representation = compressed.representations.get(name)
    return representation is not None and not (isinstance(representation, Float) and representation.type == "float32")


def _round(name: str, values: np.ndarray, dtype: FloatType) -> Float:
    representation = Float.rounded(values, dtype)
    overflow = np.isfinite(values) & ~np.isfinite(representation.values)
    if overflow.any():
        worst = float(np.abs(values[overflow]).max())
        raise NotApplicable(f"{name} holds {worst:.4g}, which is beyond {dtype}'s range")
    return representation
