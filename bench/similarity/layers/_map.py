"""A map of debiased CKA: every layer of one network against every layer of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.similarity.intervals.jackknife import SMALLEST_N
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import FEW_EFFECTIVE_IMAGES, carried_by_few

UNDEFINED_WHERE = (
    "a side has no spread over these images, or none that HSIC counts, as where all images are equally far apart "
    "(one-hot) or all but one are the same"
)


@dataclass(frozen=True)
class LayerMap:
    """Debiased CKA of every pair of layers of two networks, with its interval over images.

    Attributes:
        value, low, high: (L1, L2), rows are layers of the first network; NaN if a layer's HSIC with itself is
            0 up to rounding.
        standard_error: (L1, L2), on the atanh scale.
        n_eff: (L1, L2) degrees of freedom of the interval; for the jackknife the effective number of images.
        n: number of images.
        interval: how the interval was made, in words for a caption.
        z: (L,) atanh of the diagonal of `value`, infinite if two layers are the same up to rounding; None if the
            networks differ in depth or the interval is no jackknife.
        influence: (L, n) the jackknife's ψ of each image on `z`, 0 if `z` is infinite; None like `z`.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    standard_error: np.ndarray
    n_eff: np.ndarray
    n: int
    interval: str
    confidence: float = 0.95
    z: np.ndarray | None = None
    influence: np.ndarray | None = None

    @property
    def carried_by_few(self) -> np.ndarray:
        """(L1, L2) bool: a handful of images carries the value, and the interval may not cover."""
        return self.n_eff < FEW_EFFECTIVE_IMAGES

    def estimate(self, row: int, column: int) -> Estimate:
        """One pair, as an estimate with everything its caption must say."""
        at = (row, column)
        return Estimate(
            value=float(self.value[at]),
            low=float(self.low[at]),
            high=float(self.high[at]),
            n=self.n,
            unit="image",
            interval=self.interval,
            confidence=self.confidence,
            standard_error=float(self.standard_error[at]),
            df=float(self.n_eff[at]),
            warning=self._warning(at),
            estimand="debiased linear CKA",
        )

    def _warning(self, at: tuple[int, int]) -> str:
        if np.isnan(self.value[at]):
            return f"Similarity is undefined: {UNDEFINED_WHERE}."
        if np.isnan(self.low[at]):
            few = self.n < SMALLEST_N
            return f"{self.n} images are too few for an interval." if few else "One image carries the whole value."
        if self.carried_by_few[at]:
            return carried_by_few(self.n_eff[at])
        return ""
