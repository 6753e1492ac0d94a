"""Canonical variates of two orthonormal bases, and how each image moves the sum of their correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg


@dataclass(frozen=True)
class Variates:
    """Pairs of directions of two bases that correlate most.

    Attributes:
        rho: (k,) canonical correlations, falling, rounding above 1 cut off.
        turn: (r1, r2) P Qᵀ of M = P diag(rho) Qᵀ, by which a change of M changes their sum: tr(turnᵀ dM).
        influence: (n,) of each image on their sum, the bases' spaces staying as they are.
    """

    rho: np.ndarray
    turn: np.ndarray
    influence: np.ndarray


# With variates u, v of variance 1, image i moves ρ by uv - ρ(u² + v²)/2 (Romanazzi 1992). With many units per image the
# variates fit the images that make them, and this is too small by the share h of an image's variance that is its own
# (its leverage, r/n on average), as the residuals of a regression are. The jackknife divides by 1 - h and is too large;
# its root is in between, as in HC2 for regressions (MacKinnon and White 1985), here the geometric mean of both sides'.
def variates(first: np.ndarray, second: np.ndarray) -> Variates:
    """Of two orthonormal bases (n, r1), (n, r2) of centred columns."""
    n = len(first)
    p, rho, qt = linalg.svd(first.T @ second, full_matrices=False, check_finite=False)
    rho = np.minimum(rho, 1.0)
    u, v = np.sqrt(n) * (first @ p), np.sqrt(n) * (second @ qt.T)
    moved = ((u - v) ** 2 @ (-0.5 * np.ones(len(rho)))) + (0.5 * (u**2 + v**2)) @ (1.0 - rho)
    return Variates(rho, p @ qt, moved / leverage(first, second))


def leverage(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """√(1 - h) of every image, h its leverage, as a geometric mean over two bases: (n,)."""
    left = [np.maximum(1.0 - (side**2).sum(1) - 1.0 / len(side), 1.0 / len(side)) for side in (first, second)]
    return np.asarray((left[0] * left[1]) ** 0.25)
