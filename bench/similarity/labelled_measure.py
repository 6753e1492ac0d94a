"""The contract of a measure that needs the images' classes, and compares how well two sides tell them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs
from bench.similarity.intervals.estimates import clipped, folded, of_mean
from bench.similarity.measure import Described, Invariance
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class LabelledMeasure(Described, ABC):
    """|accuracy of x - accuracy of y| on the same images, for measures that need the images' classes.

    A frozen dataclass whose fields are its parameters, like `Measure`; it defines `correct` alone. The interval is that
    of the mean of paired differences over the images that are scored, folded at 0.

    >>> @dataclass(frozen=True)
    ... class SignDifference(LabelledMeasure):
    ...     title = "Difference in accuracy of the first unit's sign"
    ...     source = "klabunde2025similarity"
    ...     def correct(self, side, labels):
    ...         return (side[:, 0] > 0) == labels
    >>> SignDifference()([[1.0], [2.0], [3.0], [-4.0]], [[1.0], [2.0], [3.0], [4.0]], [1, 1, 1, 0])
    0.25
    """

    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = True
    invariances: ClassVar[tuple[Invariance, ...]] = ("isotropic scaling",)

    def __call__(self, x: ArrayLike, y: ArrayLike, labels: ArrayLike) -> float:
        """The measure of x (n, d1) and y (n, d2) of the same images with classes `labels` (n,).

        Raises:
            InputError: the activations or labels are unusable.
        """
        return abs(float(self.per_image(x, y, labels).mean()))

    def estimate(self, x: ArrayLike, y: ArrayLike, labels: ArrayLike, *, confidence: float = 0.95) -> Estimate:
        """The measure with its interval over images.

        Raises:
            InputError: as `__call__`.
        """
        return clipped(folded(of_mean(self.per_image(x, y, labels), self.title, confidence)), *self.range)

    def per_image(self, x: ArrayLike, y: ArrayLike, labels: ArrayLike) -> np.ndarray:
        """Correct on x minus correct on y, for every image that is scored: -1, 0 or 1."""
        first, second = inputs.pair(x, y)
        classes = inputs.labels(labels, len(first))
        return self.correct(first, classes).astype(np.float64) - self.correct(second, classes)

    def scored(self, n: int) -> np.ndarray:
        """Which of n images are scored, (m,) indices in the order of `per_image`; all of them by default."""
        return np.arange(n)

    @abstractmethod
    def correct(self, side: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which of the scored images are answered correctly: (m,) bool, the same images for both sides.

        Args:
            side: (n, d) float64, checked.
            labels: (n,) int64.
        """
