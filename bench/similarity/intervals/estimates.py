"""Estimates of means over images, and estimates folded at 0 or cut off at the ends of a range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy

from bench.statistics.estimate import Estimate


def of_mean(per_image: np.ndarray, title: str, confidence: float) -> Estimate:
    """The mean of (n,) numbers, one per image, with its t interval."""
    # For a mean, the delete-one jackknife that other measures need has a closed form: its standard error is s/√n.
    n = len(per_image)
    value, error = float(per_image.mean()), float(per_image.std(ddof=1) / np.sqrt(n))
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2, n - 1)) * error
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        n=n,
        unit="image",
        interval="t of the mean over images",
        confidence=confidence,
        standard_error=error,
        df=n - 1.0,
        estimand=title,
    )


def folded(signed: Estimate) -> Estimate:
    """The estimate of |δ| from that of δ."""
    # |δ| lies in the image of δ's interval under |·|, so the folded interval covers whenever the signed one does. One
    # made of resampled |δ| would lie too high near 0, where the mean of |δ| over resamples exceeds |δ|.
    ends = sorted((abs(signed.low), abs(signed.high)))
    low = 0.0 if signed.low <= 0.0 <= signed.high else ends[0]
    return replace(signed, value=abs(signed.value), low=low if np.isfinite(ends).all() else np.nan, high=ends[1])


def clipped(estimate: Estimate, low: float, high: float) -> Estimate:
    """The estimate with its interval cut off at the ends of the measure's range."""
    return replace(estimate, low=max(estimate.low, low), high=min(estimate.high, high))
