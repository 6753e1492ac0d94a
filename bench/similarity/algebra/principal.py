"""How each image moves the leading principal components: the space they span, and how many of them there are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from bench.similarity.algebra.basis import Basis

NEGLIGIBLE = 4.0  # standard errors of the cumulated share beyond which a boundary is not crossed


# With scores z of variance 1, image i turns component l towards m by z_l z_m √(λ_l λ_m)/(λ_l - λ_m), which changes the
# row of m in M into that of l by z_l z_m λ_m/(λ_l - λ_m). Variances that differ by less than their sampling error,
# λ √(2/n), are not told apart by any image: the gap is bounded by it.
def rotation(side: Basis, kept: int, change: np.ndarray) -> np.ndarray:
    """Influence (n,) on a function of the space of the first `kept` components, through its turning alone.

    Args:
        change: (r, kept) of the function as component l (column) takes up component m (row).
    """
    n, variances = len(side.u), side.s**2
    inside, outside = variances[:kept], variances[kept:]
    gap = inside - outside[:, None]
    weights = change[kept:] * outside[:, None] * gap / (gap**2 + 2.0 / n * inside * outside[:, None])
    return np.asarray(n * np.einsum("im,ml,il->i", side.u[:, kept:], weights, side.u[:, :kept], optimize=True))


# The first j components hold C_j of the variance, and number j + 1 is kept where C_j is below the threshold. The mean
# of that step over C_j's normal error σ has the slope φ((threshold - C_j)/σ)/σ.
def truncation(side: Basis, kept: int, threshold: float, value: Callable[[int], float]) -> np.ndarray:
    """Influence (n,) on a function of the number of components that reach `threshold`, through that number alone.

    Args:
        value: the function.
    """
    n, variances = len(side.u), side.s**2
    total = variances.sum()
    shares = np.cumsum(variances) / total
    parts = n * np.cumsum(side.u**2 * variances, axis=1) / total
    moved = np.zeros(n)
    known: dict[int, float] = {}
    for j in range(max(kept - 2, 1), min(kept + 2, len(variances))):
        influence = parts[:, j - 1] - shares[j - 1] * parts[:, -1]
        error = np.sqrt((influence**2).sum() / (n * (n - 1.0)))
        if not error > 0.0 or abs(threshold - shares[j - 1]) > NEGLIGIBLE * error:
            continue
        for k in (j, j + 1):
            known.setdefault(k, value(k))
        moved -= (known[j + 1] - known[j]) * stats.norm.pdf((threshold - shares[j - 1]) / error) / error * influence
    return moved
