"""Distances in units of another training's, over seeds and images at once: the contrast that words stand on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from bench.errors import InputError
from bench.statistics.arrays import ROUNDING, fraction, joined, one_value_a_seed
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import FEW_EFFECTIVE_IMAGES, carried_by_few, effective_number, satterthwaite

INTERVAL = "t, seeds left out with their pairs plus jackknife over images, df at most 2(S - 1)"
RATIO = f"Fieller, {INTERVAL}"
NO_SEED = "No seed has a value."
ONE_SEED = "One seed: no interval can be given."
NO_OTHER = "No other seed was compared, so there is no unit to measure in."
NO_UNIT = "Another training is not shown to be farther than 0, so there is no unit to measure in."
TOO_FEW = "Too few seeds for an interval: leaving any one out must leave a pair of seeds."


@dataclass(frozen=True)
class Scaled:
    """A mean distance G, and the mean distance U of another training that it is measured in.

    Attributes:
        distance, unit: G and U, both in the measure's own unit.
        seeds: how many.
        of_seeds: (2, 2) covariance of G and U between seeds; NaN where leaving a seed out leaves no pair.
        influence: (2, n) of each image on G and U; n = 0 for seeds alone.
    """

    distance: float
    unit: float
    seeds: int
    of_seeds: np.ndarray
    influence: np.ndarray

    def contrast(self, margin: float) -> Estimate:
        """L = G - margin U: below 0 exactly if G is less than `margin` units; in the measure's own unit.

        Its standard error counts the error of the unit too. No interval for one seed.
        """
        variance, df, few = self._variance(margin)
        value = self.distance - margin * self.unit
        half = float(special.stdtrit(df, 0.975)) * variance**0.5 if df > 0 else _NAN
        warning = few if np.isfinite(variance) else self._why_none()
        return Estimate(
            value, value - half, value + half, self.seeds, "seed", INTERVAL,
            standard_error=variance**0.5, df=df, warning=warning, estimand=f"less {margin:g} of another seed's",
        )  # fmt: skip

    def beyond_zero(self, confidence: float = 0.95) -> bool:
        """Whether the unit's interval lies above 0."""
        variance, df, _ = self._of_unit
        if not np.isfinite(variance):
            return False
        return self.unit - float(special.stdtrit(df, 0.5 + confidence / 2)) * variance**0.5 > ROUNDING

    # Fieller (1954): a ratio r = G/U belongs to the interval if G - r U is not shown to differ from 0, so that its ends
    # solve (G - r U)² = t² V(r), a quadratic since V(r) = V_G - 2 r C + r² V_U. Nothing is linearised and the unit's
    # error counts. With the df of the contrast at the margin, the margin lies outside exactly if the test rejects.
    def ratio(self, margin: float, confidence: float = 0.95) -> Estimate:
        """G / U: 0 is no distance at all, 1 as far as another training.

        Args:
            margin: whose test the interval decides, in units.

        Returns:
            No interval, with the reason in `warning`, where the unit is not shown to be above 0.
        """
        usable = np.isfinite(self.unit) and self.unit > ROUNDING
        value = self.distance / self.unit if usable else _NAN
        _, df, few = self._variance(margin)
        low, high = self._ends(df, fraction(confidence, "confidence")) if usable and df > 0 else (_NAN, _NAN)
        why = "" if np.isfinite(low) else self._why_none() or NO_UNIT
        error = (high - low) / 2 / float(special.stdtrit(df, 0.5 + confidence / 2)) if np.isfinite(low) else _NAN
        return Estimate(
            value, low, high, self.seeds, "seed", RATIO, confidence, error, df, joined(few, why), "seed-equivalents"
        )

    def _ends(self, df: float, confidence: float) -> tuple[float, float]:
        t = float(special.stdtrit(df, 0.5 + confidence / 2))
        cov = self.of_seeds + self._of_images
        a = self.unit**2 - t**2 * cov[1, 1]
        b = self.distance * self.unit - t**2 * cov[0, 1]
        c = self.distance**2 - t**2 * cov[0, 0]
        if not a > 0.0:
            return _NAN, _NAN
        root = float(np.sqrt(max(b**2 - a * c, 0.0)))
        return float((b - root) / a), float((b + root) / a)

    @cached_property
    def _of_images(self) -> np.ndarray:
        n = self.influence.shape[1]
        return self.influence @ self.influence.T / (n * (n - 1)) if n > 1 else np.zeros((2, 2))

    @cached_property
    def _of_unit(self) -> tuple[float, float, str]:
        return self._moments(np.array([0.0, 1.0]))

    @cached_property
    def _of_contrasts(self) -> dict[float, tuple[float, float, str]]:
        return {}

    def _variance(self, margin: float) -> tuple[float, float, str]:
        """Variance of the contrast, its df, and a warning."""
        # Tests, intervals and blocks ask for the same margin, and studies of other words for a few more.
        if margin not in self._of_contrasts:
            self._of_contrasts[margin] = self._moments(np.array([1.0, -margin]))
        return self._of_contrasts[margin]

    # Seeds that agree by luck would leave the images' df alone, hundreds of them, and corrections for many tests read
    # just that tail: 2(S - 1) bounds it, as for accuracy.
    def _moments(self, weights: np.ndarray) -> tuple[float, float, str]:
        if self.seeds < 2:
            return _NAN, _NAN, ""
        of_seeds = max(float(weights @ self.of_seeds @ weights), 0.0) if np.isfinite(self.of_seeds).all() else _NAN
        of_images = max(float(weights @ self._of_images @ weights), 0.0)
        n_eff = effective_number(weights @ self.influence)
        if not of_seeds > 0.0:
            return of_seeds + of_images, self.seeds - 1.0, ""
        df = satterthwaite([of_seeds, of_images], [self.seeds - 1.0, n_eff])
        few = carried_by_few(n_eff) if of_images > of_seeds and n_eff < FEW_EFFECTIVE_IMAGES else ""
        return of_seeds + of_images, min(df, 2.0 * (self.seeds - 1)), few

    def _why_none(self) -> str:
        if self.seeds < 2:
            return ONE_SEED if self.seeds else NO_SEED
        if not np.isfinite(self.unit):
            return NO_OTHER
        return "" if np.isfinite(self.of_seeds).all() else TOO_FEW


def scaled(
    distance: ArrayLike,
    influence: ArrayLike | None,
    other: ArrayLike,
    other_influence: ArrayLike | None,
) -> Scaled:
    """A distance on the scale of another training's.

    >>> near = scaled([0.02, 0.03, 0.01, 0.02], None, [0.20, 0.22, 0.18, 0.20], None)
    >>> round(near.ratio(0.1).value, 3), near.contrast(0.2).value < 0
    (0.1, True)

    Args:
        distance: (S,) of each seed's network, which may be less a reference's; NaN for a seed without one.
        influence: (S, n) of each image on it; None for seeds alone.
        other: (S,) distance of each seed's original to the next seed's, the last one's to the first's: a ring.
        other_influence: (S, n) likewise.

    Raises:
        InputError: the shapes do not fit.
    """
    near, far = one_value_a_seed(distance, "distance"), one_value_a_seed(other, "other")
    count = len(near)
    if far.shape != near.shape:
        raise InputError(f"scaled: expected {count} distances to another seed, not {len(far)}.")
    present = np.isfinite(near)
    # A pair counts where both of its seeds do, so that leaving a seed out leaves out every pair that it is in.
    both = present & np.roll(present, -1) & np.isfinite(far) if count > 1 else np.zeros(count, bool)
    psi = [
        _mean_rows(influence, present, count, "influence"),
        _mean_rows(other_influence, both, count, "other_influence"),
    ]
    n = min(len(row) for row in psi)
    if n and len({len(row) for row in psi}) > 1:
        raise InputError(f"scaled: influences are of {len(psi[0])} and {len(psi[1])} images, expected the same ones.")
    return Scaled(
        distance=_mean(near[present]),
        unit=_mean(far[both]),
        seeds=int(present.sum()),
        of_seeds=_between_seeds(near, far, present, both),
        influence=np.stack([row[:n] for row in psi]),
    )


# Pairs of seeds are dyadic: two that share a seed are not independent, and S pairs carry no more than S trainings. The
# jackknife therefore leaves a seed out with both of its pairs: (S - 1)/S Σ (θ₋ₛ - θ̄)², which for G alone is s²/S.
def _between_seeds(near: np.ndarray, far: np.ndarray, present: np.ndarray, both: np.ndarray) -> np.ndarray:
    seeds = np.flatnonzero(present)
    if len(seeds) < 2:
        return np.full((2, 2), _NAN)
    kept, pairs = _left_out(present.tobytes(), both.tobytes())
    without = np.stack([near[kept].mean(axis=1), _means(far, pairs)], axis=1)
    # What differs by rounding alone does not differ: only the numbers that were averaged say how large rounding is.
    size = np.array([np.abs(near[present]).max(), np.abs(far[both]).max(initial=0.0)])
    spread = without - without.mean(axis=0)
    spread[:, np.ptp(without, axis=0) <= ROUNDING * size] = 0.0
    return (len(seeds) - 1) / len(seeds) * spread.T @ spread


@lru_cache(256)  # nearly all distances of a study have the same seeds
def _left_out(present: bytes, both: bytes) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """By seed that is left out, (S, S - 1) the other seeds, and the pairs that it is not in; from masks (S,)."""
    seeds, pairs = np.flatnonzero(np.frombuffer(present, bool)), np.flatnonzero(np.frombuffer(both, bool))
    others = np.array([seeds[seeds != seed] for seed in seeds])
    return others, tuple(pairs[(pairs != seed) & ((pairs + 1) % len(present) != seed)] for seed in seeds)


def _means(values: np.ndarray, places: tuple[np.ndarray, ...]) -> np.ndarray:
    """The mean of the values at each of several places; NaN for none."""
    if len({len(some) for some in places}) == 1 and len(places[0]):
        return values[np.stack(places)].mean(axis=1)
    return np.array([_mean(values[some]) for some in places])


def _mean_rows(influence: ArrayLike | None, rows: np.ndarray, seeds: int, name: str) -> np.ndarray:
    """(n,) influence on the mean over these rows."""
    if influence is None:
        return np.empty(0)
    psi = np.asarray(influence)
    if psi.ndim != 2 or len(psi) != seeds:
        raise InputError(f"scaled: expected {name} of shape ({seeds}, n), not {psi.shape}.")
    return psi[rows].mean(axis=0, dtype=np.float64) if rows.any() else np.zeros(psi.shape[1])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else _NAN


_NAN = float("nan")
