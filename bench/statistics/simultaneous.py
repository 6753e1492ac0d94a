"""Intervals that hold for many estimates at once, so that one of them may be picked by its value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import special

from bench.errors import InputError
from bench.statistics.estimate import Estimate


def highest_of(estimate: Estimate, among: int) -> Estimate:
    """The estimate with ends that hold for all of `among` at once, so that the highest of them may be picked.

    t at 1 - 0.025/M (Bonferroni): the highest of M equal means is a lucky one, and its own interval covers 0.74 of 22.

    Args:
        estimate: on the raw scale; without an interval it is returned as it is.
        among: how many were looked at, itself included.

    Raises:
        InputError: `among` is below 1.
    """
    if among < 1:
        raise InputError(f"highest_of: expected one estimate or more, not {among}.")
    if among == 1 or not np.isfinite([estimate.low, estimate.high]).all():
        return estimate
    tail = (1.0 - estimate.confidence) / 2 / among
    half = float(special.stdtrit(estimate.df, 1.0 - tail)) * estimate.standard_error if estimate.standard_error else 0.0
    words = f"{estimate.interval}; highest of {among}, simultaneous"
    return replace(estimate, low=estimate.value - half, high=estimate.value + half, interval=words)
