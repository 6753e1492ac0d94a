"""What a measure of similarity is, and how it gets its interval."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.similarity import _half_samples, _inputs
from bench.similarity._scales import BACKWARD, FORWARD, Scale, usable
from bench.statistics.estimate import Estimate

Invariance = Literal[
    "permutation", "orthogonal", "isotropic scaling", "scaling of a unit", "scaling of an image", "translation",
    "invertible linear",
]  # fmt: skip
OnRows = Callable[[np.ndarray], float]


class Described:
    """What every measure says of itself.

    Class attributes:
        title: as printed in figures and tables.
        range: lowest and highest value there can be.
        larger_is_similar: whether larger means more similar.
        symmetric: whether exchanging the two sides changes nothing.
        invariances: transformations of either side (each side its own) that change nothing.
        source: citation key in `references.bib`.
        compares: activations (n, d), or a classifier's outputs (n, classes).
    """

    title: ClassVar[str]
    range: ClassVar[tuple[float, float]]
    larger_is_similar: ClassVar[bool]
    symmetric: ClassVar[bool]
    invariances: ClassVar[tuple[Invariance, ...]]
    source: ClassVar[str]
    compares: ClassVar[Literal["activations", "outputs"]] = "activations"


@dataclass(frozen=True)
class Measure(Described, ABC):
    """A measure of how similar two representations of the same images are: fields are its parameters.

    A measure defines `_value`, and `_on_rows` where subsamples can share work. Both are handed checked float64 arrays.

    Class attributes:
        scale: on which the interval is symmetric.
        replicates: subsamples behind an interval.
        kept: share of the images in a subsample; a half, and more where a measure needs many images a unit.
    """

    scale: ClassVar[Scale] = "identity"
    replicates: ClassVar[int] = 100
    kept: ClassVar[float] = 0.5

    def __call__(self, x: ArrayLike, y: ArrayLike) -> float:
        """The measure of x (n, d1) and y (n, d2), rows being the same images.

        Raises:
            InputError: unusable activations, or fewer images than the measure needs (with the reason).
        """
        return self._value(*self._accepted(x, y))

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """The measure with an interval over images, for its expectation at this number of images.

        Args:
            replicates: subsamples; default the measure's own number.
            seed: of the subsamples.

        Raises:
            InputError: as `__call__`.
        """
        x, y = self._accepted(x, y)
        n, kept = len(x), self._kept(len(x), x.shape[1], y.shape[1])
        on_rows = self._on_rows(x, y)
        value = on_rows(np.arange(n))
        if not np.isfinite(value):
            raise InputError(f"{self.title} is undefined: a side has no spread over these images.")
        if kept >= n - 1:
            return self._without_interval(value, n, confidence)
        subsets = _half_samples.draw(n, kept, replicates or self.replicates, seed)
        found = np.array([on_rows(subset) for subset in subsets])
        return self._with_interval(value, found, n, kept, confidence)

    def minimum_n(self, d1: int, d2: int) -> int:
        """Fewest images for representations of d1 and d2 units."""
        return _inputs.FEWEST_IMAGES

    def why_minimum(self) -> str:
        """Why `minimum_n` is what it is, to end a sentence with."""
        return "fewer give no number"

    @abstractmethod
    def _value(self, x: np.ndarray, y: np.ndarray) -> float: ...

    def _on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        """The measure as a function of the rows (sorted indices) that are kept."""
        return lambda rows: self._value(x[rows], y[rows])

    def _accepted(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        first, second = _inputs.pair(x, y)
        needed = self.minimum_n(first.shape[1], second.shape[1])
        if len(first) < needed:
            raise InputError(
                f"{self.title} needs n >= {needed} images for {first.shape[1]} and {second.shape[1]} units, "
                f"not {len(first)}: {self.why_minimum()}."
            )
        return first, second

    def _kept(self, n: int, d1: int, d2: int) -> int:
        """Images in a subsample: the measure's share, or half-way up to n where it needs more than that."""
        share, needed = int(n * self.kept), self.minimum_n(d1, d2)
        return share if share >= needed else (n + needed) // 2

    def _with_interval(self, value: float, found: np.ndarray, n: int, kept: int, confidence: float) -> Estimate:
        scale = usable(self.scale, np.append(found, value))
        centre = FORWARD[scale](np.asarray(value))
        error = float(_half_samples.standard_error(FORWARD[scale](found), n, kept))
        half = _half_samples.quantile(confidence, len(found)) * error
        low, high = (float(np.clip(BACKWARD[scale](end), *self.range)) for end in (centre - half, centre + half))
        return Estimate(
            value=value,
            low=min(low, value),
            high=max(high, value),
            n=n,
            unit="image",
            interval=f"{len(found)} distinct subsamples of {kept} of {n} images, {scale} scale, t",
            confidence=confidence,
            standard_error=error,
            df=len(found) - 1.0,
            estimand=f"{self.title} at n = {n}",
        )

    def _without_interval(self, value: float, n: int, confidence: float) -> Estimate:
        return Estimate(
            value=value,
            low=float("nan"),
            high=float("nan"),
            n=n,
            unit="image",
            interval="none",
            confidence=confidence,
            warning=f"{n} images are too few for subsamples on which the measure is defined.",
            estimand=f"{self.title} at n = {n}",
        )
