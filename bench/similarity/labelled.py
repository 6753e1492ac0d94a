"""Measures that need the images' classes: absolute differences of two accuracies on the same images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs
from bench.similarity.families.difference import folded
from bench.similarity.families.outputs import clipped, of_mean
from bench.similarity.measure import Described, Invariance
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class LabelledMeasure(Described, ABC):
    """|accuracy of x - accuracy of y|, given the classes: fields are its parameters.

    The interval is that of the mean of paired differences over the images that are scored, folded at 0.
    """

    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("isotropic scaling",)

    def __call__(self, x: ArrayLike, y: ArrayLike, labels: ArrayLike) -> float:
        """The measure of x (n, d1) and y (n, d2) of the same images with classes `labels` (n,).

        Raises:
            InputError: unusable activations or labels.
        """
        return abs(float(self.per_image(x, y, labels).mean()))

    def estimate(self, x: ArrayLike, y: ArrayLike, labels: ArrayLike, *, confidence: float = 0.95) -> Estimate:
        """The measure with its interval over images.

        Raises:
            InputError: as `__call__`.
        """
        return clipped(folded(of_mean(self.per_image(x, y, labels), self.title, confidence)), *self.range)

    def per_image(self, x: ArrayLike, y: ArrayLike, labels: ArrayLike) -> np.ndarray:
        """Right on x minus right on y for every image that is scored: -1, 0 or 1."""
        first, second = inputs.pair(x, y)
        classes = inputs.labels(labels, len(first))
        return self._right(first, classes).astype(np.float64) - self._right(second, classes)

    @abstractmethod
    def _right(self, side: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Whether each image that is scored is answered rightly: (m,) bool, the same images for both sides."""
