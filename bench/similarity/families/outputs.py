"""Measures of two classifiers' outputs: means over images, whose jackknife is the t interval of a mean."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.errors import InputError
from bench.similarity.measure import Invariance, Measure
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class OutputMeasure(Measure):
    """A mean over images of how far two networks' logits (n, classes) are apart."""

    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ()
    compares: ClassVar[Literal["activations", "outputs"]] = "outputs"

    def per_image(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        """One number an image, (n,), whose mean is the measure.

        Raises:
            InputError: unusable logits, or sides that differ in n or in their number of classes.
        """
        return self._per_image(*self._accepted(x, y))

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """The mean with its t interval over images; `replicates` and `seed` change nothing."""
        found = of_mean(self.per_image(x, y), self.title, confidence)
        return clipped(found, *self.range)

    def _accepted(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        first, second = super()._accepted(x, y)
        same_classes(first, second, self.title)
        return first, second

    def _value(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(self._per_image(x, y).mean())

    @abstractmethod
    def _per_image(self, x: np.ndarray, y: np.ndarray) -> np.ndarray: ...


def same_classes(x: np.ndarray, y: np.ndarray, title: str) -> None:
    """Raises InputError where logits are for different numbers of classes."""
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"{title}: logits are for {x.shape[1]} and {y.shape[1]} classes; one set of classes is needed."
        )


def of_mean(per_image: np.ndarray, title: str, confidence: float) -> Estimate:
    """A mean over images with its t interval, which is the delete-one jackknife's."""
    n = len(per_image)
    value, error = float(per_image.mean()), float(per_image.std(ddof=1) / np.sqrt(n))
    half = float(stats.t.ppf(0.5 + confidence / 2, n - 1)) * error
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        n=n,
        unit="image",
        interval="t of the mean over images",
        confidence=confidence,
        standard_error=error,
        df=n - 1.0,
        estimand=title,
    )


def clipped(found: Estimate, low: float, high: float) -> Estimate:
    """The interval cut off at the ends of the measure's range."""
    from dataclasses import replace

    return replace(found, low=max(found.low, low), high=min(found.high, high))
