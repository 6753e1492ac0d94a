"""Measures of neighbourhoods: who the k nearest other images of every image are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError, did_you_mean
from bench.similarity import inputs, memory
from bench.similarity.activations import Activations
from bench.similarity.algebra.geometry import (
    as_they_are,
    between_units,
    directions,
    settled,
    squared_between,
)
from bench.similarity.algebra.products import Products, products, unit_distances
from bench.similarity.algebra.strips import block, strips
from bench.similarity.measure import Invariance, Measure, OnRows

DISTANCES = ("cosine", "euclidean")
FEW_TIES = 0.01  # share of the images that may have ties without a warning
LONGER = 8  # times k: places in the lists from which subsamples take their k nearest


@dataclass(frozen=True)
class NeighbourMeasure(Measure):
    """A mean over images of how alike their k nearest neighbours are on both sides.

    Conventions (ReSi's): k = 10, cosine distance of uncentred representations, and no image is its own neighbour. ReSi
    drops the first hit instead of the image itself, which differs if two images have the same representation.

    Args:
        k: number of neighbours.
        distance: "cosine" (invariant to the scale of an image) or "euclidean" (invariant to translation).
    """

    k: int = 10
    distance: Literal["cosine", "euclidean"] = "cosine"

    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    undefined_where: ClassVar[str] = (
        "a side has no spread over these images, or all distances between them are equal up to rounding, so that no "
        "image has nearest ones"
    )
    ranks_count: ClassVar[bool] = False  # whether their order matters too
    across: ClassVar[bool] = False  # whether a side's distances to the nearest of the other side matter
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "isotropic scaling")

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"{self.title}: k must be at least 1, not {self.k!r}.")
        if self.distance not in DISTANCES:
            raise InputError(
                f"{self.title}: unknown distance {self.distance!r}: {did_you_mean(self.distance, DISTANCES)}"
            )

    def minimum_n(self, d1: int, d2: int) -> int:
        return max(self.k + 2, super().minimum_n(d1, d2))

    def why_minimum(self) -> str:
        return f"with fewer, the {self.k} nearest neighbours are all the images there are"

    def _sides(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return inputs.pair_as_given(x, y)

    def memory(self, n: int, d1: int, d2: int) -> float:
        return super().memory(n, d1, d2) + (2.25 if self.across else 1.5) * memory.of_pairs(n)

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    # A side whose distances differ by rounding alone has no neighbourhoods.
    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        sides = BothSides(x, y, self.k, self._distances, across=self.across)
        if not sides.spread:
            return lambda rows: float("nan")
        return lambda rows: float(self.compute_per_image(*sides.on(rows)).mean())

    def prepare(self, side: Activations) -> None:
        """The side's k + 1 nearest neighbours."""
        if side.n >= self.minimum_n(side.d, side.d):
            self.neighbours_of(side)

    def neighbours_of(self, side: Activations) -> np.ndarray:
        """Indices of the k + 1 nearest, nearest first; of the k nearest if no more than one other image is left.

        Raises:
            InputError: all distances are equal up to rounding.
        """
        count = self.k + 1 if side.n > self.minimum_n(side.d, side.d) else self.k
        lists = side.once(
            ("nearest", self.distance, count), lambda: Lists(self._distances(side.values, side.products()), count)
        )
        if not lists.spread:
            self._defined(float("nan"))
        return lists.indices

    def warning(self, x: np.ndarray, y: np.ndarray) -> str:
        tied = np.logical_or(*(self._tied(Lists(self._distances(side), self.k + 1)) for side in (x, y)))
        if tied.mean() <= FEW_TIES:
            return ""
        ranks = ", and their ranks," if self.ranks_count else ""
        return (
            f"{int(tied.sum())} of {len(tied)} images have neighbours at equal distances: which of them are the "
            f"{self.k} nearest{ranks} depends on the order of the images."
        )

    # A tie matters if it straddles the k-th place, where the images' order in the array then decides, or anywhere among
    # the k nearest if ranks count. The k + 1 nearest, sorted, show both: their last difference, or any of them.
    def _tied(self, lists: Lists) -> np.ndarray:
        """Which images have neighbours that their distances do not settle, (n,) bool."""
        equal = np.diff(lists.distances, axis=1) == 0.0
        return np.asarray(equal.any(1) if self.ranks_count else equal[:, -1])

    def _distances(self, side: np.ndarray, of: Products | None = None) -> np.ndarray:
        """(n, n), those equal up to rounding being exactly equal."""
        if self.distance == "cosine":
            of = of or products(side)
            found = unit_distances(side, of, centre=False) if of is not None else None
            if found is not None:
                return settled(*found)
            vectors = directions(side)
            return settled(between_units(vectors), vectors)
        vectors = as_they_are(side)
        squared = settled(squared_between(vectors), vectors)
        return np.sqrt(squared, out=squared)

    @abstractmethod
    def compute_per_image(self, first: Near, second: Near) -> np.ndarray:
        """One number per image that is kept, (m,), from its nearest on both sides."""


@dataclass(frozen=True)
class Near:
    """The k nearest of every image that is kept, on one side.

    Attributes:
        indices: (m, k) of images, nearest first; equal distances in the order of the images.
        distances: (m, k) to them.
        across: (m, k) distances to the k nearest of the other side, or (m, 0) where no measure asks.
    """

    indices: np.ndarray
    distances: np.ndarray
    across: np.ndarray


class Lists:
    """Every image's `length` nearest other images.

    Args:
        matrix: (n, n) distances; it is only read.

    Attributes:
        indices, distances: (n, length), nearest first, equal distances in the order of the images.
        spread: whether the distances differ at all.
    """

    def __init__(self, matrix: np.ndarray, length: int):
        n = len(matrix)
        self.indices = np.empty((n, length), np.intp)
        self.distances = np.empty((n, length))
        least, largest = np.inf, -np.inf
        for strip in strips(n):
            others = matrix[strip].copy()
            largest = max(largest, float(others.max()))
            others[np.arange(len(others)), np.arange(strip.start, strip.stop)] = np.inf
            least = min(least, float(others.min()))
            self.indices[strip] = _nearest(others, length)
            self.distances[strip] = np.take_along_axis(others, self.indices[strip], 1)
        self.spread = largest > least


# A partition finds the nearest in O(n) but in no order, and of equal distances at its end any: such rows are sorted as
# a whole. Sorted by index first, a stable sort by distance leaves equal distances in the order of the images.
def _nearest(others: np.ndarray, length: int) -> np.ndarray:
    """Indices of the smallest numbers of every row, smallest first, equal ones by index: (rows, length)."""
    found = np.argpartition(others, length - 1, axis=1)[:, :length]
    farthest = np.take_along_axis(others, found, 1).max(1, keepdims=True)
    for row in np.flatnonzero((others <= farthest).sum(1) > length):
        found[row] = np.argsort(others[row], kind="stable")[:length]
    found.sort(axis=1)
    order = np.argsort(np.take_along_axis(others, found, 1), axis=1, kind="stable")
    return np.take_along_axis(found, order, 1)


# Leaving images out moves others up: the k nearest in a subsample are the first k of an image's list that are kept. A
# list of LONGER times k, of which a half-sample keeps half, all but certainly holds k of them, and takes far less room
# than n × n distances, which are formed for one side at a time. Only where a list is too short are they formed again.
class BothSides:
    """The nearest images of every image on two sides, as a function of the images that are kept.

    Args:
        distances: of all pairs of images of a side, (n, n).
        across: whether distances to the nearest images of the other side are needed too.

    Attributes:
        spread: whether distances differ on both sides.
    """

    def __init__(
        self, x: np.ndarray, y: np.ndarray, k: int, distances: Callable[[np.ndarray], np.ndarray], *, across: bool
    ):
        self.sides, self.k, self.of = (x, y), k, distances
        length = min(len(x) - 1, max(k + 1, LONGER * k))
        first = distances(x)
        lists_x = Lists(first, length)
        if not across:
            first = np.empty((len(x), 0))
        second = distances(y)
        self.lists = (lists_x, Lists(second, length))
        self.across = _across(first, second, self.lists) if across else (first, first)
        self.spread = all(side.spread for side in self.lists)

    def on(self, rows: np.ndarray) -> tuple[Near, Near]:
        """The nearest among the images of some rows (sorted), on either side."""
        kept = np.zeros(len(self.sides[0]), dtype=bool)
        kept[rows] = True
        first, second = (self._picks(lists, rows, kept) for lists in self.lists)
        if first is None or second is None:
            return self._anew(rows)
        return self._near(0, rows, first, second), self._near(1, rows, second, first)

    def _near(self, side: int, rows: np.ndarray, own: np.ndarray, other: np.ndarray) -> Near:
        lists, across = self.lists[side], self.across[side][rows]
        return Near(
            np.take_along_axis(lists.indices[rows], own, 1),
            np.take_along_axis(lists.distances[rows], own, 1),
            np.take_along_axis(across, other, 1) if across.size else across,
        )

    def _picks(self, lists: Lists, rows: np.ndarray, kept: np.ndarray) -> np.ndarray | None:
        """Places of the k nearest that are kept in every list, (m, k); None if a list holds fewer."""
        inside = kept[lists.indices[rows]]
        counts = inside.cumsum(1)
        if counts[:, -1].min() < self.k:
            return None
        return np.nonzero(inside & (counts <= self.k))[1].reshape(len(rows), self.k)

    def _anew(self, rows: np.ndarray) -> tuple[Near, Near]:
        first, second = (block(self.of(side), rows) for side in self.sides)
        x, y = lists = Lists(first, self.k), Lists(second, self.k)
        to_y, to_x = _across(first, second, lists)
        return Near(x.indices, x.distances, to_y), Near(y.indices, y.distances, to_x)


def _across(first: np.ndarray, second: np.ndarray, lists: tuple[Lists, Lists]) -> tuple[np.ndarray, np.ndarray]:
    """Distances of either side to the nearest images of the other."""
    return np.take_along_axis(first, lists[1].indices, 1), np.take_along_axis(second, lists[0].indices, 1)


def matches(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Whether neighbour a of one side is neighbour b of the other: (n, k, k) bool."""
    return first[:, :, None] == second[:, None, :]
