"""An interval over images from the influence of each, on the scale where it is symmetric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from bench.similarity.intervals.scales import BACKWARD, FORWARD, SLOPE, Scale
from bench.statistics.intervals import FEW_EFFECTIVE_IMAGES, carried_by_few


@dataclass(frozen=True)
class Interval:
    """An interval of a measure over images, and how it was found; no interval by default.

    Attributes:
        words: which interval it is.
        standard_error: on the measure's scale.
        df: degrees of freedom.
    """

    low: float = float("nan")
    high: float = float("nan")
    words: str = "none"
    standard_error: float = float("nan")
    df: float = float("nan")


# A value on the end of its scale (CKA of 1 is infinite on atanh) falls back to the identity scale. t takes at least one
# degree of freedom: below, its quantile says nothing.
def interval(
    value: float, influence: np.ndarray, df: float, scale: Scale, limits: tuple[float, float], confidence: float
) -> tuple[float, float, float]:
    """Lower and upper end, and the degrees of freedom; NaN where a number of `influence` is.

    Args:
        value, influence: of the measure and of each image, (n,), on the measure's own scale.
        df: effective number of images (or of groups of them).
        scale: the delta method takes the influence there, and the ends are taken back.
        limits: the ends are cut off at.
    """
    n = len(influence)
    if not influence.any():
        return value, value, float("nan")
    if not np.isfinite(influence).all():
        return float("nan"), float("nan"), float("nan")
    slope = SLOPE[scale](value)
    if not np.isfinite(slope):
        scale, slope = "identity", 1.0
    half = (
        float(scipy.stats.t.ppf(0.5 + confidence / 2, max(df, 1.0)))
        * slope
        * np.sqrt((influence**2).sum() / (n * (n - 1)))
    )
    ends = BACKWARD[scale](FORWARD[scale](np.asarray(value)) + np.array([-half, half]))
    low, high = np.clip(ends, *limits)
    return min(float(low), value), max(float(high), value), df


def in_words(
    value: float, influence: np.ndarray, low: float, high: float, df: float, scale: Scale
) -> tuple[Interval, str]:
    """What `interval` found with its standard error, and a warning if a few images carry the value."""
    n, slope = len(influence), SLOPE[scale](value)
    if not np.isfinite(slope):
        scale, slope = "identity", 1.0
    error = float(slope * np.sqrt((influence**2).sum() / (n * (n - 1.0))))
    warning = carried_by_few(df) if df < FEW_EFFECTIVE_IMAGES else ""
    return Interval(low, high, f"infinitesimal jackknife over images, {scale} scale, t", error, df), warning
