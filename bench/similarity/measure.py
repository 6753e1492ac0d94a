"""What a measure of similarity is, and how it gets its interval."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.similarity import inputs
from bench.similarity.intervals import half_samples
from bench.similarity.intervals.scales import BACKWARD, FORWARD, Scale, usable
from bench.statistics.arrays import joined
from bench.statistics.estimate import Estimate

Invariance = Literal[
    "permutation", "orthogonal", "isotropic scaling", "unit scaling", "translation", "invertible linear"
]
OnRows = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Described:
    """What every measure says of itself.

    Class attributes:
        title: as printed in figures and tables.
        range: lowest and highest value there can be.
        larger_is_similar: whether larger means more similar.
        symmetric: whether exchanging the two sides changes nothing.
        invariances: transformations of either side, each side its own, that change nothing: permutation of units,
            orthogonal maps, one factor for all units, a factor for each unit, adding a vector to all images, invertible
            linear maps.
        source: citation key in `references.bib`.
        compares: activations (n, d), or a classifier's outputs, logits (n, classes).
        undefined_where: what it is about a side that leaves it undefined, to end a sentence with.
    """

    title: ClassVar[str]
    range: ClassVar[tuple[float, float]]
    larger_is_similar: ClassVar[bool]
    symmetric: ClassVar[bool]
    invariances: ClassVar[tuple[Invariance, ...]]
    source: ClassVar[str]
    compares: ClassVar[Literal["activations", "outputs"]] = "activations"
    undefined_where: ClassVar[str] = "a side has no spread over these images"

    def _defined(self, value: float) -> float:
        """`value`, or InputError where the data leave the measure undefined."""
        if not np.isfinite(value):
            raise InputError(f"{self.title} is undefined: {self.undefined_where}.")
        return float(value)


@dataclass(frozen=True)
class Measure(Described, ABC):
    """A measure of how similar two representations of the same images are: fields are its parameters.

    A measure defines `_value`, and `_on_rows` where subsamples can share work. Both are handed checked float64 arrays.

    Class attributes:
        scale: on which the interval is symmetric.
        replicates: subsamples behind an interval.
    """

    scale: ClassVar[Scale] = "identity"
    replicates: ClassVar[int] = 100

    def __call__(self, x: ArrayLike, y: ArrayLike) -> float:
        """The measure of x (n, d1) and y (n, d2), rows being the same images.

        Raises:
            InputError: unusable activations, fewer images than the measure needs (with the reason), or a side without
                spread, where similarity is undefined.
        """
        return self._defined(self._value(*self._accepted(x, y)))

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
        first, second = self._accepted(x, y)
        n, widths = len(first), (first.shape[1], second.shape[1])
        on_rows = self._on_rows(first, second)
        value = self._defined(on_rows(np.arange(n)))
        kept = self._subsample_size(n, *widths)
        found, handful = np.empty(0), ""
        if kept < n - 1:
            subsets = half_samples.draw(n, kept, replicates or self.replicates, seed)
            found = np.array([on_rows(subset) for subset in subsets])
            handful = half_samples.handful((first, second), subsets, FORWARD[usable(self.scale, found)](found))
        interval = self._interval(value, found, n, kept, confidence)
        return self._as_estimate(value, interval, n, confidence, joined(self._warning(first, second), handful))

    def minimum_n(self, d1: int, d2: int) -> int:
        """Fewest images for representations of d1 and d2 units."""
        return inputs.FEWEST_IMAGES

    def why_minimum(self) -> str:
        """Why `minimum_n` is what it is, to end a sentence with."""
        return "fewer determine nothing"

    @abstractmethod
    def _value(self, x: np.ndarray, y: np.ndarray) -> float: ...

    def _on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        """The measure as a function of the rows (sorted indices) that are kept."""
        return lambda rows: self._value(x[rows], y[rows])

    def _warning(self, x: np.ndarray, y: np.ndarray) -> str:
        """What to know of an estimate from these sides; empty where there is nothing."""
        return ""

    def _limits(self) -> tuple[float, float]:
        """Where the interval's ends are cut off."""
        return self.range

    def _accepted(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        first, second = self._sides(x, y)
        d1, d2 = first.shape[1], second.shape[1]
        needed = self.minimum_n(d1, d2)
        if len(first) < needed:
            raise InputError(
                f"{self.title} needs n >= {needed} images for {d1} and {d2} units, not {len(first)}: "
                f"{self.why_minimum()}."
            )
        return first, second

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Both sides as `_value` and `_on_rows` are handed them."""
        return inputs.pair(x, y)

    def _subsample_size(self, n: int, d1: int, d2: int) -> int:
        """A half of the images, or half-way between what the measure needs and n where that is more."""
        needed = self.minimum_n(d1, d2)
        return n // 2 if n // 2 >= needed else (n + needed) // 2

    def _interval(self, value: float, found: np.ndarray, n: int, kept: int, confidence: float) -> _Interval:
        defined = found[np.isfinite(found)]
        if len(defined) < 2 or 2 * len(defined) < len(found):
            return _Interval()
        scale = usable(self.scale, np.append(defined, value))
        centre = FORWARD[scale](np.asarray(value))
        error = float(half_samples.standard_error(FORWARD[scale](defined), n, kept))
        half = half_samples.quantile(confidence, len(defined)) * error
        low, high = np.clip(BACKWARD[scale](centre + np.array([-half, half])), *self._limits())
        words = f"{len(defined)} distinct subsamples of {kept} of {n} images, {scale} scale, t"
        return _Interval(min(float(low), value), max(float(high), value), words, error, len(defined) - 1.0)

    def _as_estimate(self, value: float, interval: _Interval, n: int, confidence: float, warning: str) -> Estimate:
        return Estimate(
            value=value,
            low=interval.low,
            high=interval.high,
            n=n,
            unit="image",
            interval=interval.words,
            confidence=confidence,
            standard_error=interval.standard_error,
            df=interval.df,
            warning=joined(f"{n} images are too few for an interval." if np.isnan(interval.low) else "", warning),
            estimand=f"{self.title}, expectation at n = {n}",
        )


@dataclass(frozen=True)
class _Interval:
    low: float = float("nan")
    high: float = float("nan")
    words: str = "none"
    standard_error: float = float("nan")
    df: float = float("nan")
