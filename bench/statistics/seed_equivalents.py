"""Seed-equivalents: how far a network has moved, in units of "as different as training again"."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.errors import InputError
from bench.statistics.arrays import ROUNDING, difference, fraction, joined, one_value_a_seed
from bench.statistics.estimate import Estimate

JACKKNIFE = "delete-one-seed jackknife, t with S-1 df, probe images fixed"
NO_SCALE = "Another training gives the same inside, so there is no scale to measure on."
NO_OTHER = "No other seed was compared, so there is no scale to measure on."
TOO_FEW = "Too few seeds for an interval: leaving any one out must leave a value."
IDENTICAL = "No seed differs from the original at all."


def seed_equivalents(
    agreement: ArrayLike, other_seed: ArrayLike, *, confidence: float = 0.95, estimand: str = "seed-equivalents"
) -> Estimate:
    """(1 - A)/(1 - A_other seed), means over seeds above and below: 0 is the original, 1 a new training.

    >>> round(seed_equivalents([0.98, 0.97, 0.99], [0.80, 0.78, 0.82]).value, 2)
    0.1

    Args:
        agreement: (S,) A(original, compressed) of each seed, at most 1; NaN for a seed without one.
        other_seed: (S, S) A(original of one seed, original of another), NaN for pairs that were not compared, the
            diagonal ignored; or (S,), each seed compared with the next one and the last with the first.

    Returns:
        NaN, with the reason in `warning`, if another seed is not different; [0, 0] if no seed differs at all.

    Raises:
        InputError: the shapes do not fit.
    """
    near, far = _paired(agreement, other_seed, "agreement")

    def ratio(seeds: np.ndarray) -> float:
        return float(1.0 - near[seeds].mean()) / (1.0 - _mean_of_pairs(far, seeds))

    return _estimate(near, far, ratio, True, fraction(confidence, "confidence"), estimand)


def difference_in_seed_equivalents(
    compressed: ArrayLike,
    control: ArrayLike,
    other_seed: ArrayLike,
    *,
    confidence: float = 0.95,
    estimand: str = "difference in seed-equivalents",
) -> Estimate:
    """(A_control - A_compressed)/(1 - A_other seed): how much further than the control, paired by seed.

    Args:
        compressed, control: (S,) agreement with the original.
        other_seed: as in `seed_equivalents`.

    Returns:
        An estimate over seeds, which `equivalence.assess_estimate` can compare with a margin in seed-equivalents.

    Raises:
        InputError: the shapes do not fit.
    """
    further = difference(one_value_a_seed(control, "control"), _like(compressed, control))
    gap, far = _paired(further, other_seed, "control")

    def ratio(seeds: np.ndarray) -> float:
        return float(gap[seeds].mean()) / (1.0 - _mean_of_pairs(far, seeds))

    return _estimate(gap, far, ratio, False, fraction(confidence, "confidence"), estimand)


def _like(compressed: ArrayLike, control: ArrayLike) -> np.ndarray:
    values = one_value_a_seed(compressed, "compressed")
    if values.shape != np.shape(control):
        raise InputError(f"compressed: expected {np.shape(control)} as for the control, not {values.shape}.")
    return values


def _paired(values: ArrayLike, other_seed: ArrayLike, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Values of the seeds that have one, and the pairs among these seeds with NaN on the diagonal."""
    near, far = one_value_a_seed(values, name), np.array(other_seed, dtype=np.float64)
    seeds = len(near)
    if far.shape not in ((seeds,), (seeds, seeds)):
        raise InputError(f"other_seed: expected shape ({seeds},) or ({seeds}, {seeds}), not {far.shape}.")
    present = np.isfinite(near)
    if far.ndim == 1:
        far = _ring(far)
    np.fill_diagonal(far, np.nan)
    return near[present], far[np.ix_(present, present)]


def _ring(values: np.ndarray) -> np.ndarray:
    """(S, S) pairs with values only for each seed with the next one, and the last with the first."""
    seeds = np.arange(len(values))
    pairs = np.full((len(seeds), len(seeds)), np.nan)
    pairs[seeds, (seeds + 1) % len(seeds)] = values
    return pairs


def _mean_of_pairs(far: np.ndarray, seeds: np.ndarray) -> float:
    """Mean over the compared pairs of these seeds; NaN if there is none."""
    pairs = far[np.ix_(seeds, seeds)]
    compared = pairs[np.isfinite(pairs)]
    return float(compared.mean()) if compared.size else float("nan")


# Pairs of seeds are dyadic: those that share a seed are not independent, and S(S - 1)/2 of them carry no more than S
# trainings. The jackknife therefore leaves out a seed with every pair that it is in, so that the scale's own error
# counts. A ratio of distances is skewed and its log nearly symmetric: the interval is made on the log unless a
# leave-one-out ratio is 0 or less. A difference in seed-equivalents may have either sign and stays on its own scale.
def _estimate(
    near: np.ndarray,
    far: np.ndarray,
    ratio: Callable[[np.ndarray], float],
    on_log: bool,
    confidence: float,
    estimand: str,
) -> Estimate:
    n, everyone = len(near), np.arange(len(near))
    scale = 1.0 - _mean_of_pairs(far, everyone)
    if not n or not scale > ROUNDING:
        reason = "No seed has a value." if not n else NO_OTHER if np.isnan(scale) else NO_SCALE
        return Estimate(_NAN, _NAN, _NAN, n, "seed", JACKKNIFE, confidence, warning=reason, estimand=estimand)
    value = ratio(everyone)
    if on_log and abs(value) <= ROUNDING:
        return Estimate(0.0, 0.0, 0.0, n, "seed", JACKKNIFE, confidence, 0.0, warning=IDENTICAL, estimand=estimand)
    without = np.array([_safely(ratio, far, np.delete(everyone, seed)) for seed in everyone])
    if n < 2 or not np.isfinite(without).all():
        return Estimate(value, _NAN, _NAN, n, "seed", JACKKNIFE, confidence, warning=TOO_FEW, estimand=estimand)
    usable_log = on_log and bool((without > 0.0).all()) and value > 0.0
    low, high, error = _jackknife_ends(value, without, usable_log, confidence)
    return Estimate(
        value=value,
        low=max(low, 0.0) if on_log else low,
        high=high,
        n=n,
        unit="seed",
        interval=joined(JACKKNIFE + (", log scale" if usable_log else "")),
        confidence=confidence,
        standard_error=error,
        df=n - 1.0,
        estimand=estimand,
    )


def _safely(ratio: Callable[[np.ndarray], float], far: np.ndarray, seeds: np.ndarray) -> float:
    """The ratio over these seeds; NaN if none of their pairs was compared, or no pair differs."""
    return ratio(seeds) if len(seeds) and 1.0 - _mean_of_pairs(far, seeds) > ROUNDING else _NAN


def _jackknife_ends(value: float, without: np.ndarray, on_log: bool, confidence: float) -> tuple[float, float, float]:
    """Ends of the interval, and the standard error on its scale."""
    n = len(without)
    replicates = np.log(without) if on_log else without
    error = float(np.sqrt((n - 1) / n * ((replicates - replicates.mean()) ** 2).sum()))
    half = float(stats.t.ppf(0.5 + confidence / 2, n - 1)) * error
    if on_log:
        return value * float(np.exp(-half)), value * float(np.exp(half)), error
    return value - half, value + half, error


_NAN = float("nan")
