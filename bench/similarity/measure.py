"""The contract of a measure of similarity: what it declares, what it computes, and how it gets its interval."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.similarity import inputs, memory
from bench.similarity.activations import Activations
from bench.similarity.algebra.precision import rounding_room
from bench.similarity.intervals import delta, groups, half_samples
from bench.similarity.intervals.delta import Interval
from bench.similarity.intervals.jackknife import effective_number
from bench.similarity.intervals.scales import BACKWARD, FORWARD, Scale, usable
from bench.statistics.arrays import joined
from bench.statistics.estimate import Estimate

Invariance = Literal[
    "permutation", "orthogonal", "isotropic scaling", "unit scaling", "translation", "invertible linear"
]
OnRows = Callable[[np.ndarray], float]  # a measure of the images with these (sorted) row indices


@dataclass(frozen=True)
class Described:
    """What every measure declares about itself, for tables, figures and the tests that hold it to its word.

    Class attributes:
        title: as printed in figures and tables.
        range: lowest and highest possible value.
        larger_is_similar: whether a larger value means more similar.
        symmetric: whether exchanging the two sides leaves the value as it is.
        invariances: transformations that leave the value as it is when applied to either side alone: permuting units,
            an orthogonal map, one factor for all units, one factor per unit, adding one vector to all images, or an
            invertible linear map.
        source: BibTeX key in `bench/similarity/references.bib`; empty to cite all of `bibtex`.
        bibtex: BibTeX entries that the rooms' `references.bib` lack.
        compares: activations (n, d), or a classifier's outputs, logits (n, classes).
        undefined_where: which data leave the measure undefined, to end a sentence with.
    """

    title: ClassVar[str]
    range: ClassVar[tuple[float, float]]
    larger_is_similar: ClassVar[bool]
    symmetric: ClassVar[bool]
    invariances: ClassVar[tuple[Invariance, ...]]
    source: ClassVar[str] = ""
    bibtex: ClassVar[str] = ""
    compares: ClassVar[Literal["activations", "outputs"]] = "activations"
    undefined_where: ClassVar[str] = "a side has no spread over these images"

    def _defined(self, value: float) -> float:
        """`value`, or InputError if it is not finite, because the data leave the measure undefined."""
        if not np.isfinite(value):
            raise InputError(f"{self.title} is undefined: {self.undefined_where}.")
        return float(value)


@dataclass(frozen=True)
class Measure(Described, ABC):
    """How similar two representations of the same images are: a frozen dataclass whose fields are its parameters.

    A measure declares the class attributes of `Described` and defines `compute`, which gets two float64 arrays,
    (n, d1) and (n, d2), finite and with the same n. It returns NaN if the data leave it undefined. Everything else
    is done here: calling a measure checks the input, and `estimate` adds an interval over images. A measure of one's
    own, complete with a parameter:

    >>> @dataclass(frozen=True)
    ... class SpreadRatio(Measure):
    ...     power: float = 1.0
    ...     title = "Ratio of spreads"
    ...     range = (0.0, 1.0)
    ...     larger_is_similar = True
    ...     symmetric = True
    ...     invariances = ("permutation", "orthogonal", "translation")
    ...     source = "klabunde2025similarity"
    ...     def compute(self, x, y):
    ...         smaller, larger = sorted(side.var(axis=0).sum() for side in (x, y))
    ...         return (smaller / larger) ** self.power if larger > 0 else float("nan")
    >>> x = np.random.default_rng(0).normal(size=(60, 8))
    >>> SpreadRatio(power=0.5)(x, 2 * x)
    0.5
    >>> estimate = SpreadRatio().estimate(x, x + np.random.default_rng(1).normal(size=(60, 8)))
    >>> estimate.low < estimate.value < estimate.high, estimate.interval
    (True, '100 distinct subsamples of 30 of 60 images, identity scale, t')

    Such a class alone in `bench/similarity/measures/spread_ratio.py` is the measure `spread-ratio`; in a module of
    one's own, it goes by the name `package.module:SpreadRatio`.

    A measure may also define `compute_on_rows` (work that all subsamples share), `minimum_n` with `why_minimum` (more
    images than units, say) and `warning`.

    Class attributes:
        scale: on which the interval is symmetric; "identity" unless the spread of the values depends on the value.
        replicates: subsamples behind an interval.
        by_image: whether `influence` deletes images one by one, not in groups.
    """

    scale: ClassVar[Scale] = "identity"
    replicates: ClassVar[int] = 100
    by_image: ClassVar[bool] = False

    def __call__(self, x: ArrayLike, y: ArrayLike) -> float:
        """The measure of x (n, d1) and y (n, d2), rows being the same images.

        Raises:
            InputError: the activations are unusable, there are fewer images than the measure needs (with the reason),
                or similarity is undefined, as for a side without spread.
        """
        return self._defined(self._at_most_best(self.compute(*self._accepted(x, y))))

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """The measure with an interval over images, for its expectation at this number of images.

        Args:
            replicates: subsamples; default the measure's own number, or where they cost much at this n and d fewer, or
                none if the influence of each image has a closed form.
            seed: of the subsamples.

        Raises:
            InputError: as `__call__`.
        """
        sides = Activations(x, "x"), Activations(y, "y")
        return self.estimate_of_sides(*sides, confidence=confidence, replicates=replicates, seed=seed)

    def estimate_of_sides(
        self, x: Activations, y: Activations, *, confidence: float = 0.95, replicates: int | None = None, seed: int = 0
    ) -> Estimate:
        """`estimate` of prepared sides."""
        first, second = self._accepted(x.values, y.values)
        n, widths = x.n, (x.d, y.d)
        warning = self.warning(first, second)  # before what the subsamples share fills the memory
        affordable = self.affordable(n, *widths)
        # A closed form costs no more than a subsample or two.
        if self.by_image and replicates is None and affordable < self.replicates:
            value, psi = self.influence_of_sides(x, y)
            ends = self.interval_from(value, psi, *widths, confidence)
            interval, few = delta.in_words(value, psi, *ends, self.scale)
            return self._as_estimate(value, interval, n, confidence, joined(warning, few))
        compute_on_rows = self.on_rows_of_sides(x, y)

        def on_rows(rows: np.ndarray) -> float:
            return self._at_most_best(compute_on_rows(rows))

        value = self._defined(on_rows(np.arange(n)))
        kept = self._subsample_size(n, *widths)
        values, handful = np.empty(0), ""
        if kept < n - 1:
            subsets = half_samples.draw(n, kept, replicates or affordable, seed)
            values = np.array([*map(self._at_most_best, half_samples.on_subsets(compute_on_rows, subsets))])
            handful = half_samples.handful((first, second), subsets, FORWARD[usable(self.scale, values)](values))
        interval = self._interval(value, values, n, kept, confidence)
        return self._as_estimate(value, interval, n, confidence, joined(warning, handful))

    def influence(self, x: ArrayLike, y: ArrayLike) -> tuple[float, np.ndarray]:
        """The measure, and how much each image moves it: (n,) on the measure's own scale.

        Σψ²/(n(n-1)) estimates the variance of the value over images, and influences on the values of several networks
        may be added and subtracted image by image. The default deletes one of 20 groups of images at a time, the same
        groups for all networks; the images of a group then share one number.

        Returns:
            The influence is 0 throughout where the value is the best there is, and NaN where the images are too few.

        Raises:
            InputError: as `__call__`.
        """
        return self.influence_of_sides(Activations(x, "x"), Activations(y, "y"))

    def prepare(self, side: Activations) -> None:
        """Compute with `side.once` what the measure needs of one side alone; the default has nothing."""

    def of_sides(self, x: Activations, y: Activations) -> float:
        """`__call__` of prepared sides."""
        return self(x.values, y.values)

    def on_rows_of_sides(self, x: Activations, y: Activations) -> OnRows:
        """`compute_on_rows` of prepared sides."""
        return self.compute_on_rows(*self._sides(x.values, y.values))

    def influence_of_sides(self, x: Activations, y: Activations) -> tuple[float, np.ndarray]:
        """`influence` of prepared sides."""
        self._accepted(x.values, y.values)
        compute_on_rows, n = self.on_rows_of_sides(x, y), x.n

        def on_rows(rows: np.ndarray) -> float:
            return self._at_most_best(compute_on_rows(rows))

        value = self._defined(on_rows(np.arange(n)))
        if value == self.best():
            return value, np.zeros(n)
        return value, groups.influence(on_rows, value, n, self.minimum_n(x.d, y.d))

    def interval_from(
        self, value: float, influence: np.ndarray, d1: int, d2: int, confidence: float = 0.95
    ) -> tuple[float, float, float]:
        """Ends of the interval over images and its degrees of freedom, from what `influence` returned."""
        df = effective_number(influence) if self.by_image else groups.effective(influence, self.minimum_n(d1, d2))
        return delta.interval(value, influence, float(df), self.scale, self.range, confidence)

    @abstractmethod
    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        """The measure of two checked float64 arrays (n, d1) and (n, d2); NaN if it is undefined."""

    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        """The measure as a function of the rows (sorted indices) that a subsample keeps."""
        return lambda rows: self.compute(x[rows], y[rows])

    def minimum_n(self, d1: int, d2: int) -> int:
        """Fewest images for representations of d1 and d2 units."""
        return inputs.FEWEST_IMAGES

    def why_minimum(self) -> str:
        """Why `minimum_n` is what it is, to end a sentence with."""
        return "fewer determine nothing"

    def affordable(self, n: int, d1: int, d2: int) -> int:
        """How many subsamples are behind an interval by default: fewer than `replicates` where one costs much."""
        return self.replicates

    def memory(self, n: int, d1: int, d2: int) -> float:
        """Bytes that an estimate takes at most, beside the activations: more than is allowed is refused."""
        return memory.NUMBER * 6.0 * n * (d1 + d2)

    def warning(self, x: np.ndarray, y: np.ndarray) -> str:
        """What a reader must know of an estimate from these sides, in a sentence; empty if nothing."""
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
        memory.refuse_beyond(self.memory(len(first), d1, d2), self.title, len(first), d1, d2)
        return first, second

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Both sides as `compute` and `compute_on_rows` get them."""
        return inputs.pair(x, y)

    def _subsample_size(self, n: int, d1: int, d2: int) -> int:
        """Half of the images, or half-way between `minimum_n` and n if that is more."""
        needed = self.minimum_n(d1, d2)
        return n // 2 if n // 2 >= needed else (n + needed) // 2

    # The correlation of a side with itself comes out as 1 less or more some last digits. Less, its interval would
    # exclude 1; more, atanh would not be defined. Within c ε/2 of the best value, in float64, it is the best value.
    # Distances have no such ulp at 0: each measure knows what was subtracted.
    def _at_most_best(self, value: float) -> float:
        best = self.range[1]
        near = self.larger_is_similar and abs(best - value) <= rounding_room(np.dtype(np.float64)) * abs(best)
        return best if near and np.isfinite(best) else value

    def best(self) -> float:
        """The value of identical representations."""
        return self.range[1] if self.larger_is_similar else self.range[0]

    # The interval is value ± t·SE on the measure's scale, transformed back. The value in the middle is that of all
    # images, not the mean of the subsamples: many measures are biased at n/2 images (CKA and nearest neighbours depend
    # on n), and only the spread of the subsamples carries over to n. Undefined subsamples are left out; if more than
    # half of them are undefined, no interval is given. A value on the end of its scale (CKA of 1 is infinite on atanh)
    # falls back to the identity scale.
    def _interval(self, value: float, values: np.ndarray, n: int, kept: int, confidence: float) -> Interval:
        defined = values[np.isfinite(values)]
        if len(defined) < 2 or 2 * len(defined) < len(values):
            return Interval()
        scale = usable(self.scale, np.append(defined, value))
        centre = FORWARD[scale](np.asarray(value))
        error = float(half_samples.standard_error(FORWARD[scale](defined), n, kept))
        half = half_samples.quantile(confidence, len(defined)) * error
        low, high = np.clip(BACKWARD[scale](centre + np.array([-half, half])), *self._limits())
        words = f"{len(defined)} distinct subsamples of {kept} of {n} images, {scale} scale, t"
        return Interval(min(float(low), value), max(float(high), value), words, error, len(defined) - 1.0)

    def _as_estimate(self, value: float, interval: Interval, n: int, confidence: float, warning: str) -> Estimate:
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
