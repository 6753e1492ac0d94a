"""The exact delete-one jackknife of debiased CKA, on the atanh scale, from row products alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

JACKKNIFE = "delete-one jackknife over images, atanh scale, t with the effective number of images"
SMALLEST_N = 5  # a debiased HSIC needs four images, and one of them is left out

Floors = tuple[ArrayLike, ArrayLike]  # per side, the largest HSIC(x, x) (in the unit of its sum) that is rounding alone


@dataclass(frozen=True)
class Jackknife:
    """Debiased CKA and its interval for any number of pairs: all arrays (...), except `influence`, (..., n).

    Attributes:
        value: debiased CKA; NaN if HSIC(x, x) or HSIC(y, y) is 0 up to rounding.
        z: atanh of the value; infinite if the representations are the same up to rounding.
        low, high: ends of the interval.
        standard_error: on the atanh scale.
        n_eff: effective number of images, (Σψ²)²/Σψ⁴, the interval's degrees of freedom.
        influence: ψᵢ = (n-1)(z̄ - z₍ᵢ₎).
    """

    value: np.ndarray
    z: np.ndarray
    low: np.ndarray
    high: np.ndarray
    standard_error: np.ndarray
    n_eff: np.ndarray
    influence: np.ndarray


# ψᵢ = (n-1)(z̄ - z₍ᵢ₎) is image i's influence on z = atanh CKA, and SE² = Σψ²/(n(n-1)). The t quantile takes n_eff =
# (Σψ²)²/Σψ⁴ degrees of freedom, Satterthwaite's for a sum of squares whose terms differ in size: n if all images weigh
# alike, near 1 if one image carries the value. Measured coverage of nominal 95% is 0.94 to 0.99. At |CKA| = 1 atanh is
# infinite whichever image is left out: such a pair has no influence and an interval without width.
def jackknife(
    cross: np.ndarray,
    self_x: np.ndarray,
    self_y: np.ndarray,
    *,
    confidence: float = 0.95,
    rounding: float = 1e-14,
    floors: Floors = (0.0, 0.0),
) -> Jackknife:
    """Values, intervals and influences from row products of U-centred Grams.

    Args:
        cross, self_x, self_y: dᵢ = Σⱼ ÃᵢⱼB̃ᵢⱼ of (x, y), (x, x) and (y, y), broadcastable to (..., n), float64.
        rounding: a value this close to 1 is taken to be 1, and a sum of this share of its terms to be 0.
        floors: Σᵢdᵢ of (x, x) and of (y, y) that rounding alone can leave, broadcastable to (...).
    """
    n = cross.shape[-1]
    value = ratio(cross.sum(-1), self_x.sum(-1), self_y.sum(-1), rounding, floors)
    same = np.abs(value) == 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.arctanh(value)
        left_out = np.arctanh(leave_one_out(cross, self_x, self_y, rounding, floors))
        influence = (n - 1) * (left_out.mean(-1, keepdims=True) - left_out)
    influence[same] = 0.0
    error = np.sqrt((influence**2).sum(-1) / (n * (n - 1)))
    n_eff = effective_number(influence)
    low, high = _ends(z, error, n_eff, confidence)
    return Jackknife(value, z, low, high, error, n_eff, influence)


# With U-centred Grams Ã and B̃ (zero diagonal, rows that sum to zero; Székely and Rizzo 2014) the U-statistic of HSIC
# (Song et al. 2012; Nguyen et al. 2021, equation 3) is T/(n(n-3)), T = Σᵢdᵢ and dᵢ = Σⱼ ÃᵢⱼB̃ᵢⱼ. HSIC does not change
# when a number per image is added to that image's row and column of a Gram, so the same Ã and B̃ serve as the Grams
# without image i. Their sum of products is T - 2dᵢ; their row sums are no longer 0 but -Ãᵢⱼ, and the U-statistic's
# correction for those takes another 2dᵢ/(n-3). HSIC without i is [T - 2dᵢ(n-2)/(n-3)] / ((n-1)(n-4)); the denominator
# cancels in CKA, and all n leave-one-out values come from n row products.
# If image i carries all of HSIC(x, x), T and what is subtracted agree in all their digits: a remainder of `rounding`
# (8 ulps of the Grams) times T is taken to be 0, and CKA without i to be undefined.
def leave_one_out(
    cross: np.ndarray,
    self_x: np.ndarray,
    self_y: np.ndarray,
    rounding: float = 1e-14,
    floors: Floors = (0.0, 0.0),
) -> np.ndarray:
    """Debiased CKA without image i, for every i: (..., n); NaN for n < 5, and where HSIC(x, x) without i is 0."""
    n = cross.shape[-1]
    if n < SMALLEST_N:
        return np.full(np.broadcast_shapes(cross.shape, self_x.shape, self_y.shape), np.nan)
    remaining = [
        np.maximum(np.asarray(floor)[..., None], rounding * side.sum(-1, keepdims=True))
        for floor, side in zip(floors, (self_x, self_y))
    ]
    return ratio(_without(cross), _without(self_x), _without(self_y), rounding, (remaining[0], remaining[1]))


def ratio(
    cross: np.ndarray,
    self_x: np.ndarray,
    self_y: np.ndarray,
    rounding: float = 1e-14,
    floors: Floors = (0.0, 0.0),
) -> np.ndarray:
    """HSIC(x, y) / √(HSIC(x, x) HSIC(y, y)); exactly ±1 within `rounding`; NaN if a root is of 0 up to its floor."""
    # HSIC(x, x) is 0 for a constant layer, if a single image is active, or if all images are equally far apart (one-hot
    # codes). CKA is 0/0 there; the floor absorbs what rounding leaves. Two roots, since a product could underflow.
    with np.errstate(divide="ignore", invalid="ignore"):
        defined = (self_x > floors[0]) & (self_y > floors[1])
        values = np.where(defined, cross / (np.sqrt(self_x) * np.sqrt(self_y)), np.nan)
    return np.where(1.0 - np.abs(values) <= rounding, np.sign(values), values)


def effective_number(influence: np.ndarray) -> np.ndarray:
    """(Σψ²)²/Σψ⁴ along the last axis; NaN if no image has any influence."""
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = (influence / np.abs(influence).max(-1, keepdims=True)) ** 2
        return squares.sum(-1) ** 2 / (squares**2).sum(-1)


def _without(rows: np.ndarray) -> np.ndarray:
    """T - 2dᵢ(n-2)/(n-3) for every image."""
    n = rows.shape[-1]
    return rows.sum(-1, keepdims=True) - rows * (2.0 * (n - 2) / (n - 3))


def _ends(z: np.ndarray, error: np.ndarray, df: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore"):
        half = np.where(error == 0.0, 0.0, scipy.stats.t.ppf(0.5 + confidence / 2, df) * error)
        return np.tanh(z - half), np.tanh(z + half)
