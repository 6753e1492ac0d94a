"""Arrays and tensors as bytes, without pickles, the same bytes for the same content."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def to_npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A compressed NPZ file, the same bytes for the same arrays in any order."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(sorted(arrays.items())))
    return buffer.getvalue()


def from_npz(data: bytes) -> dict[str, np.ndarray]:
    """What `to_npz` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def finite(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers ready for JSON: None for NaN and infinity."""
    # JSON has no NaN. A null says "measured, but there is no number", which the report shows as a hole.
    return {name: None if isinstance(x, float) and not math.isfinite(x) else x for name, x in numbers.items()}
