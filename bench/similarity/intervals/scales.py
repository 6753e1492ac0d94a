"""Scales on which a measure's sampling error hardly depends on its value, so that a symmetric interval covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import special

Scale = Literal["identity", "atanh", "logit", "log"]
Transform = Callable[[np.ndarray], np.ndarray]

# A measure that ends at a bound has a skewed distribution near it: a symmetric interval for a CKA of 0.99 would reach
# beyond 1 and not far enough down. atanh (Fisher's z) suits values that behave like correlations, logit shares between
# 0 and 1, log distances that start at 0. The interval is found there and transformed back, so that it stays in range.
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
# Derivatives, for the delta method: an influence ψ on a value v is SLOPE(v)·ψ on the scale.
SLOPE: dict[Scale, Callable[[float], float]] = {
    "identity": lambda value: 1.0,
    "atanh": lambda value: 1.0 / (1.0 - value**2) if abs(value) < 1.0 else np.inf,
    "logit": lambda value: 1.0 / (value * (1.0 - value)) if 0.0 < value < 1.0 else np.inf,
    "log": lambda value: 1.0 / value if value > 0.0 else np.inf,
}


def usable(scale: Scale, values: np.ndarray) -> Scale:
    """`scale`, or "identity" if a value at or beyond the scale's end would not be finite on it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        finite = np.isfinite(FORWARD[scale](values)).all()
    return scale if finite else "identity"
