"""Measures of neighbourhoods: who the k nearest other images of every image are."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError, did_you_mean
from bench.similarity import inputs
from bench.similarity.activations import Activations
from bench.similarity.algebra.geometry import (
    as_they_are,
    between_units,
    block,
    directions,
    settled,
    squared_between,
    upper_triangle,
)
from bench.similarity.measure import Invariance, Measure, OnRows

DISTANCES = ("cosine", "euclidean")
FEW_TIES = 0.01  # share of the images that may have ties without a warning


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

    def compute(self, x: np.ndarray, y: np.ndarray) -> float:
        return self.compute_on_rows(x, y)(np.arange(len(x)))

    # A subsample takes a block of the distances and sorts anew, since leaving images out moves others up. A side whose
    # distances differ by rounding alone has no neighbourhoods.
    def compute_on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = self._distances(x), self._distances(y)
        if not all(np.ptp(upper_triangle(side)) > 0.0 for side in (first, second)):
            return lambda rows: float("nan")
        return lambda rows: float(self.compute_per_image(block(first, rows), block(second, rows)).mean())

    def prepare(self, side: Activations) -> None:
        """The side's distances, settled, and whether they differ."""
        self._of_side(side)

    def distances_of(self, side: Activations) -> np.ndarray:
        """(n, n) distances of a prepared side.

        Raises:
            InputError: they are all equal up to rounding.
        """
        distance, differ = self._of_side(side)
        if not differ:
            self._defined(float("nan"))
        return distance

    def _of_side(self, side: Activations) -> tuple[np.ndarray, bool]:
        def make() -> tuple[np.ndarray, bool]:
            distance = self._distances(side.values)
            return distance, bool(np.ptp(upper_triangle(distance)) > 0.0)

        return side.once(("distances", self.distance), make)

    def warning(self, x: np.ndarray, y: np.ndarray) -> str:
        tied = np.logical_or(*(self._tied(self._distances(side)) for side in (x, y)))
        if tied.mean() <= FEW_TIES:
            return ""
        ranks = ", and their ranks," if self.ranks_count else ""
        return (
            f"{int(tied.sum())} of {len(tied)} images have neighbours at equal distances: which of them are the "
            f"{self.k} nearest{ranks} depends on the order of the images."
        )

    # A tie matters if it straddles the k-th place, where the images' order in the array then decides, or anywhere among
    # the k nearest if ranks count. The k + 1 nearest, sorted, show both: their last difference, or any of them.
    def _tied(self, distance: np.ndarray) -> np.ndarray:
        """Which images have neighbours that their distances do not settle, (n,) bool."""
        others = distance.copy()
        np.fill_diagonal(others, np.inf)
        near = np.sort(np.partition(others, self.k, axis=1)[:, : self.k + 1], axis=1)
        equal = np.diff(near, axis=1) == 0.0
        return np.asarray(equal.any(1) if self.ranks_count else equal[:, -1])

    def _distances(self, side: np.ndarray) -> np.ndarray:
        """(n, n), those equal up to rounding being exactly equal."""
        if self.distance == "cosine":
            vectors = directions(side)
            return settled(between_units(vectors), vectors)
        vectors = as_they_are(side)
        return np.sqrt(settled(squared_between(vectors), vectors))

    @abstractmethod
    def compute_per_image(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """One number per image, (n,), from two (n, n) matrices of distances."""


def nearest(distance: np.ndarray, k: int) -> np.ndarray:
    """Indices of each row's k nearest other rows, nearest first: (n, k)."""
    # A partition finds the k smallest in O(n) but in no order: they are sorted by index first, so that the stable sort
    # by distance leaves equal distances in the order of the images.
    others = distance.copy()
    np.fill_diagonal(others, np.inf)
    neighbours = np.sort(np.argpartition(others, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(np.take_along_axis(others, neighbours, 1), axis=1, kind="stable")
    return np.take_along_axis(neighbours, order, 1)


def matches(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Whether neighbour a of one side is neighbour b of the other: (n, k, k) bool."""
    return first[:, :, None] == second[:, None, :]
