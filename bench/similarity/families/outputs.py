"""Measures of two classifiers' outputs: means over images, with the t interval of a mean."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.similarity.intervals.estimates import clipped, of_mean
from bench.similarity.measure import Invariance, Measure
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class OutputMeasure(Measure):
    """A mean over images of the distance between two networks' logits (n, classes)."""

    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ()
    compares: ClassVar[Literal["activations", "outputs"]] = "outputs"

    def per_image(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        """One number per image, (n,), whose mean is the measure.

        Raises:
            InputError: the logits are unusable, or the sides differ in n or in their number of classes.
        """
        return self.compute_per_image(*self._accepted(x, y))

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """The mean with its t interval over images; `replicates` and `seed` change nothing."""
        return clipped(of_mean(self.per_image(x, y), self.title, confidence), *self.range)

    def _accepted(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        first, second = super()._accepted(x, y)
        same_classes(first, second, self.title)
        return first, second

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(self.compute_per_image(x, y).mean())

    @abstractmethod
    def compute_per_image(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """One number per image, (n,), from two checked arrays of logits (n, classes)."""


def same_classes(x: np.ndarray, y: np.ndarray, title: str) -> None:
    """Raise InputError if the logits differ in their number of classes."""
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"{title}: logits are for {x.shape[1]} and {y.shape[1]} classes; one set of classes is needed."
        )
