"""Scales on which a measure's sampling error hardly depends on its value, so that a symmetric interval covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import special

Scale = Literal["identity", "atanh", "logit", "log"]
Transform = Callable[[np.ndarray], np.ndarray]

FORWARD: dict[Scale, Transform] = {
    "identity": np.asarray,
    "atanh": np.arctanh,
    "logit": special.logit,
    "log": np.log,
}
BACKWARD: dict[Scale, Transform] = {
    "identity": np.asarray,
    "atanh": np.tanh,
    "logit": special.expit,
    "log": np.exp,
}


def usable(scale: Scale, values: np.ndarray) -> Scale:
    """`scale`, or "identity" where a value lies on or beyond its end and would be infinite on it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        finite = np.isfinite(FORWARD[scale](values)).all()
    return scale if finite else "identity"
