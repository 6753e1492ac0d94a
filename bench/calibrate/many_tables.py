"""The estimates of `bench.statistics` for many tables at once: their tails need 100,000 of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit


@dataclass(frozen=True)
class ManyMeans:
    """Means with standard errors and degrees of freedom, one per table.

    Attributes:
        value, error, df: arrays of one shape; the error is 0 where a table has no spread.
    """

    value: np.ndarray
    error: np.ndarray
    df: np.ndarray

    def p(self, null: float = 0.0) -> np.ndarray:
        """Two-sided p of the t test; 1 where there is no spread."""
        return 2 * stdtr(self.df, -np.abs(self._t(null)))

    def p_above(self, null: float) -> np.ndarray:
        """One-sided p against the mean being `null` or less."""
        return stdtr(self.df, -self._t(null))

    def covers(self, truth: np.ndarray | float, confidence: float = 0.95) -> np.ndarray:
        """Whether each interval covers; one without spread covers its own value alone."""
        half = stdtrit(self.df, 0.5 + confidence / 2) * self.error
        return np.asarray(np.abs(self.value - truth) <= half)

    def _t(self, null: float) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.error > 0, (self.value - null) / self.error, 0.0)


# The analysis of variance of `bench.statistics.crossed`, from sums of small integers, which are exact.
def crossed(tables: np.ndarray) -> ManyMeans:
    """Means over seeds and images, both drawn.

    Args:
        tables: (..., S, n) of whole numbers: 0 and 1 for right answers, -1 to 1 for differences; 2 or more of each.
    """
    seeds, images = tables.shape[-2:]
    rows = tables.sum(-1, dtype=np.int64)
    columns = tables.sum(-2, dtype=np.int64)
    total = rows.sum(-1)
    squares = (tables * tables).sum((-2, -1), dtype=np.int64)
    centre = total**2 / (seeds * images)
    of_rows = (rows**2).sum(-1) / images - centre
    of_columns = (columns**2).sum(-1) / seeds - centre
    ms = np.stack([of_rows, of_columns, squares - centre - of_rows - of_columns])
    dfs = np.array([seeds - 1.0, images - 1.0, (seeds - 1.0) * (images - 1.0)])
    ms = np.maximum(ms, 0.0) / dfs.reshape(3, *(1,) * total.ndim)
    variance, df = _largest(ms, dfs)
    return ManyMeans(total / (seeds * images), np.sqrt(variance / (seeds * images)), df)


def _largest(ms: np.ndarray, dfs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """max(MS_S + MS_I - MS_SI, MS_S, MS_I) and its degrees of freedom, at most 2(S - 1)."""
    of_seeds, of_images, both = ms
    whole = of_seeds + of_images - both
    most = 2 * dfs[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = 1 / ((ms / whole) ** 2 / dfs.reshape(3, *(1,) * whole.ndim)).sum(0)
    pooled = np.minimum(np.where(np.isfinite(pooled), pooled, most), most)
    one = np.where(of_seeds >= of_images, dfs[0], most)
    larger = np.maximum(of_seeds, of_images)
    return np.maximum(whole, larger), np.where(whole >= larger, pooled, one)


# V = s²/S + Σψ̄²/(n(n-1)), as in `bench.statistics.intervals`, with Satterthwaite's df capped in the same way.
def seeds_and_images(values: np.ndarray, influence: np.ndarray) -> ManyMeans:
    """Means over seeds of values that carry an uncertainty over images.

    Args:
        values: (..., S).
        influence: (..., S, n) of each image on each value.
    """
    seeds, n = influence.shape[-2:]
    shared = influence.mean(-2)
    of_seeds = values.var(-1, ddof=1) / seeds
    squares = (shared**2).sum(-1)
    of_images = squares / (n * (n - 1))
    few = squares**2 / (shared**4).sum(-1)
    variance = of_seeds + of_images
    df = variance**2 / (of_seeds**2 / (seeds - 1) + of_images**2 / few)
    return ManyMeans(values.mean(-1), np.sqrt(variance), np.minimum(df, 2 * (seeds - 1)))
