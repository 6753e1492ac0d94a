"""Distances of every pair of networks on the scale of another training's, as `scaled` gives them singly."""

from __future__ import annotations

import numpy as np
from scipy import special

from bench.statistics.all_pairs import AllPairs
from bench.statistics.arrays import ROUNDING, fraction
from bench.statistics.scaled import scaled


def scaled_pairs(
    distances: np.ndarray,
    influence: np.ndarray,
    other: np.ndarray,
    other_influence: np.ndarray,
    *,
    margin: float,
    confidence: float = 0.95,
) -> AllPairs:
    """How much farther from the original one network is than the other, in units of another training's distance.

    Equal to `scaled(distances[i] - distances[j], influence[i] - influence[j], other, other_influence).ratio(margin)`.

    Args:
        distances: (V, S) of each network from the original; NaN for a seed without one.
        influence: (V, S, n) of each image on it.
        other, other_influence: (S,), (S, n) of another training, see `scaled`.
    """
    first, second = np.triu_indices(len(distances), k=1)
    found = AllPairs(first, second, *np.full((4, len(first)), np.nan))
    patterns, group = np.unique(np.isfinite(distances), axis=0, return_inverse=True)
    group = group.reshape(-1)
    for one in range(len(patterns)):
        for another in range(one, len(patterns)):
            present = patterns[one] & patterns[another]
            sides = np.sort([group[first], group[second]], axis=0)
            pairs = np.flatnonzero((sides[0] == one) & (sides[1] == another))
            if not len(pairs) or not present.any():
                continue
            near = _Near(distances, influence, present, other, other_influence)
            found.value[pairs], found.low[pairs], found.high[pairs] = near.ratios(
                first[pairs], second[pairs], margin, fraction(confidence, "confidence")
            )
    return found


class _Near:
    """The networks that have certain seeds, beside another training in those seeds."""

    def __init__(
        self,
        distances: np.ndarray,
        influence: np.ndarray,
        present: np.ndarray,
        other: np.ndarray,
        other_influence: np.ndarray,
    ):
        self.distances = distances[:, present]
        self.influence = influence[:, present].mean(axis=1, dtype=np.float64)  # NaN for others, which no pair has
        # What depends on the other training alone is taken from one network at distance 0 that has these seeds.
        nothing = np.where(present, 0.0, np.nan)
        zero = scaled(nothing, np.zeros_like(other_influence), other, other_influence)
        self.unit, self.unit_influence = zero.unit, zero.influence[1]
        self.unit_spread = _left_out(present, other)
        self.seeds = int(present.sum())

    def ratios(
        self, a: np.ndarray, b: np.ndarray, margin: float, confidence: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values and ends of the pairs' intervals, see `Scaled.ratio`."""
        nothing = np.full(len(a), np.nan)
        if not (np.isfinite(self.unit) and self.unit > ROUNDING):
            return nothing, nothing, nothing
        # (P, S) differences, 0 up to rounding as in `arrays.difference`.
        apart = self.distances[a] - self.distances[b]
        sizes = np.maximum(np.abs(self.distances[a]), np.abs(self.distances[b]))
        apart[np.abs(apart) < ROUNDING * sizes] = 0.0
        value = apart.mean(axis=1)
        if self.seeds < 2 or not np.isfinite(self.unit_spread).all():
            return value / self.unit, nothing, nothing
        of_seeds, of_images, effective = self._covariances(apart, a, b, margin)
        df = self._df(of_seeds, of_images, effective, margin)
        low, high = _fieller(value, self.unit, of_seeds + of_images, df, confidence)
        return value / self.unit, low, high

    def _covariances(
        self, apart: np.ndarray, a: np.ndarray, b: np.ndarray, margin: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(P, 3) variances of the distance and of the unit and their covariance, by seeds and by images; n_eff."""
        # Without seed s a mean is (Σ - x_s)/(S - 1), so that it departs from the mean of these by (x̄ - x_s)/(S - 1).
        spread = (apart.mean(axis=1, keepdims=True) - apart) / (self.seeds - 1)
        spread[np.ptp(spread, axis=1) <= ROUNDING * np.abs(apart).max(axis=1)] = 0.0
        unit, n = self.unit_spread, len(self.unit_influence)
        factor = (self.seeds - 1) / self.seeds
        of_seeds = factor * np.stack([(spread**2).sum(1), np.full(len(a), (unit**2).sum()), spread @ unit], axis=1)
        rows = self.influence[a] - self.influence[b]
        ours = self.unit_influence
        squares = np.einsum("pi,pi->p", rows, rows)
        of_images = np.stack([squares, np.full(len(a), ours @ ours), rows @ ours], axis=1) / max(n * (n - 1), 1)
        rows -= margin * ours
        largest = np.abs(rows).max(axis=1, initial=0.0)
        rows /= np.where(largest > 0.0, largest, 1.0)[:, None]
        rows *= rows
        with np.errstate(invalid="ignore", divide="ignore"):
            effective = rows.sum(axis=1) ** 2 / np.einsum("pi,pi->p", rows, rows)
        return of_seeds, of_images * (n > 1), effective

    def _df(self, of_seeds: np.ndarray, of_images: np.ndarray, effective: np.ndarray, margin: float) -> np.ndarray:
        """(P,) of the contrast at the margin: Satterthwaite's, at most 2(S - 1); S - 1 where seeds agree exactly."""
        weights = np.array([1.0, margin**2, -2.0 * margin])
        seeds, images = np.maximum(of_seeds @ weights, 0.0), np.maximum(of_images @ weights, 0.0)
        total = seeds + images
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = (seeds / total) ** 2 / (self.seeds - 1.0) + np.where(
                images > 0.0, (images / total) ** 2 / effective, 0.0
            )
            df = np.minimum(1.0 / shares, 2.0 * (self.seeds - 1.0))
        return np.where(seeds > 0.0, df, self.seeds - 1.0)


def _left_out(present: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(S',) how the mean distance of the ring of other seeds departs where each present seed is left out."""
    last, seeds = len(present), np.flatnonzero(present)
    both = present & np.roll(present, -1) & np.isfinite(other) if last > 1 else np.zeros(last, bool)
    pairs = np.flatnonzero(both)
    means = []
    for seed in seeds:
        kept = other[[pair for pair in pairs if seed not in (pair, (pair + 1) % last)]]
        means.append(kept.mean() if len(kept) else np.nan)
    spread = np.array(means) - np.mean(means)
    small = len(pairs) and np.ptp(means) <= ROUNDING * np.abs(other[both]).max()
    return np.zeros(len(seeds)) if small else spread


# Fieller's quadratic, as in `Scaled`.
def _fieller(
    value: np.ndarray, unit: float, covariance: np.ndarray, df: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    of_value, of_unit, both = covariance.T
    t = special.stdtrit(df, 0.5 + confidence / 2)
    a, b, c = unit**2 - t**2 * of_unit, value * unit - t**2 * both, value**2 - t**2 * of_value
    root = np.sqrt(np.maximum(b**2 - a * c, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = (b - root) / a, (b + root) / a
    return np.where(a > 0.0, low, np.nan), np.where(a > 0.0, high, np.nan)
