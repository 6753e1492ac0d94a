"""The exact delete-one jackknife of debiased CKA, on the atanh scale, from row products alone.

With U-centred Grams Ã and B̃ (zero diagonal, rows that sum to zero; Székely and Rizzo 2014) the U-statistic of HSIC
(Song et al. 2012; Nguyen et al. 2021, equation 3) is Σᵢdᵢ / (n(n-3)) with dᵢ = Σⱼ ÃᵢⱼB̃ᵢⱼ. It does not change when a
number of its own is added to each image's row and column of a Gram, so that the same Ã and B̃ serve for the Gram without
image i, whose row sums are then just -Ãᵢⱼ:

    HSIC without i = [T - 2dᵢ(n-2)/(n-3)] / ((n-1)(n-4)),  T = Σdᵢ.

All n leave-one-out values come from the n row products, and no smaller Gram is ever formed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

JACKKNIFE = "delete-one jackknife over images, atanh scale, t with the effective number of images"
SMALLEST_N = 5  # a debiased HSIC needs four images, and one of them is left out


@dataclass(frozen=True)
class Jackknife:
    """Debiased CKA and its interval, any number of pairs at once; all arrays (...) but `influence` (..., n).

    Attributes:
        value: debiased CKA; NaN where a representation has no spread.
        z: atanh of the value; infinite where the representations are the same up to rounding.
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


def jackknife(
    cross: np.ndarray, own_x: np.ndarray, own_y: np.ndarray, *, confidence: float = 0.95, rounding: float = 1e-14
) -> Jackknife:
    """Values, intervals and influences from row products of U-centred Grams.

    Args:
        cross, own_x, own_y: dᵢ of (x, y), (x, x) and (y, y), broadcastable to (..., n), float64.
        rounding: how close to 1 a value cannot be told from 1.
    """
    n = cross.shape[-1]
    value = ratio(cross.sum(-1), own_x.sum(-1), own_y.sum(-1), rounding)
    same = np.abs(value) == 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.arctanh(value)
        left_out = np.arctanh(leave_one_out(cross, own_x, own_y, rounding))
        influence = (n - 1) * (left_out.mean(-1, keepdims=True) - left_out)
    influence[same] = 0.0
    error = np.sqrt((influence**2).sum(-1) / (n * (n - 1)))
    n_eff = effective_number(influence)
    low, high = _ends(z, error, n_eff, confidence)
    return Jackknife(value, z, low, high, error, n_eff, influence)


def leave_one_out(cross: np.ndarray, own_x: np.ndarray, own_y: np.ndarray, rounding: float = 1e-14) -> np.ndarray:
    """Debiased CKA without image i, for every i: (..., n); NaN for n < 5."""
    n = cross.shape[-1]
    if n < SMALLEST_N:
        return np.full(np.broadcast_shapes(cross.shape, own_x.shape, own_y.shape), np.nan)
    return ratio(_without_each(cross), _without_each(own_x), _without_each(own_y), rounding)


def ratio(cross: np.ndarray, own_x: np.ndarray, own_y: np.ndarray, rounding: float = 1e-14) -> np.ndarray:
    """HSIC(x, y) / √(HSIC(x, x) HSIC(y, y)); exactly ±1 within `rounding`; NaN where a side has no spread."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where((own_x > 0.0) & (own_y > 0.0), cross / (np.sqrt(own_x) * np.sqrt(own_y)), np.nan)
    return np.where(1.0 - np.abs(values) <= rounding, np.sign(values), values)


def effective_number(influence: np.ndarray) -> np.ndarray:
    """(Σψ²)²/Σψ⁴ along the last axis; NaN where no image has any influence."""
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = (influence / np.abs(influence).max(-1, keepdims=True)) ** 2
        return squares.sum(-1) ** 2 / (squares**2).sum(-1)


def _without_each(rows: np.ndarray) -> np.ndarray:
    n = rows.shape[-1]
    return rows.sum(-1, keepdims=True) - rows * (2.0 * (n - 2) / (n - 3))


def _ends(z: np.ndarray, error: np.ndarray, df: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore"):
        half = np.where(error == 0.0, 0.0, stats.t.ppf(0.5 + confidence / 2, df) * error)
        return np.tanh(z - half), np.tanh(z + half)
