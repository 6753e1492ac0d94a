"""A ratio of two sums over seeds, such as the right answers among all answers in a bin."""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from bench.statistics.estimate import Estimate

JACKKNIFE = "delete-one-seed jackknife, t with S-1 df"


def ratio_of_sums(numerators: np.ndarray, denominators: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Σ numerators / Σ denominators, a share between 0 and 1; a seed without a denominator is left out.

    >>> ratio_of_sums(np.array([1.0, 0.0, 30.0]), np.array([1, 0, 99])).value
    0.31

    Args:
        numerators, denominators: (S,) one count per seed.
    """
    counted = denominators > 0
    numerators, denominators = numerators[counted], denominators[counted]
    n = len(denominators)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, "seed", JACKKNIFE)
    share = float(numerators.sum() / denominators.sum())
    if n == 1:
        return Estimate(share, np.nan, np.nan, 1, "seed", JACKKNIFE)
    # A mean of the seeds' own ratios would count a seed with one answer as much as a seed with a hundred. The ratio of
    # sums does not, but its seeds are no longer a plain sample: leaving out one after another gives its variance,
    # (S-1)/S Σ(θ₋ₛ - θ̄)² (Tukey's jackknife), which for equal denominators is the usual one of a mean.
    left_out = (numerators.sum() - numerators) / (denominators.sum() - denominators)
    error = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    half = error * float(t.ppf((1 + confidence) / 2, n - 1))
    low, high = max(share - half, 0.0), min(share + half, 1.0)
    return Estimate(share, low, high, n, "seed", JACKKNIFE, confidence, error, n - 1)
