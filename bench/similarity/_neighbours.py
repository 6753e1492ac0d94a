"""The k nearest other images of every image, and what three measures of neighbourhoods have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from bench.errors import InputError, did_you_mean
from bench.similarity._geometry import block, cosine_distances, distances, upper_triangle
from bench.similarity._measure import Invariance, Measure, OnRows

DISTANCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"cosine": cosine_distances, "euclidean": distances}

ROUNDING = 1e-12  # distances that differ by less are equal
FEW_TIES = 0.01  # of the images


@dataclass(frozen=True)
class NeighbourMeasure(Measure):
    """A mean over images of how alike their k nearest neighbours are on both sides.

    Conventions (ReSi's): k = 10, cosine distance of uncentred representations, an image is never its own neighbour.
    ReSi drops the first hit instead of the image itself, which differs where two images have the same representation.

    Args:
        k: number of neighbours.
        distance: "cosine" (invariant to the scale of an image) or "euclidean" (invariant to translation).
    """

    k: int = 10
    distance: Literal["cosine", "euclidean"] = "cosine"

    larger_is_similar: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
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

    def _value(self, x: np.ndarray, y: np.ndarray) -> float:
        return self._on_rows(x, y)(np.arange(len(x)))

    def _on_rows(self, x: np.ndarray, y: np.ndarray) -> OnRows:
        first, second = DISTANCES[self.distance](x), DISTANCES[self.distance](y)
        if not (_spread(first) and _spread(second)):
            return lambda rows: float("nan")
        return lambda rows: float(self._per_image(block(first, rows), block(second, rows)).mean())

    def _warning(self, x: np.ndarray, y: np.ndarray) -> str:
        tied = _tied(DISTANCES[self.distance](x), self.k) | _tied(DISTANCES[self.distance](y), self.k)
        if tied.mean() <= FEW_TIES:
            return ""
        return (
            f"{int(tied.sum())} of {len(tied)} images have neighbours at equal distances: which of them are the "
            f"{self.k} nearest depends on the order of the images."
        )

    @abstractmethod
    def _per_image(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """One number an image, (n,), from two (n, n) matrices of distances."""


def _spread(distance: np.ndarray) -> bool:
    """Whether the distances between images are not all the same."""
    between = upper_triangle(distance)
    return bool(np.ptp(between) > ROUNDING * max(float(between.max()), 1.0))


def _tied(distance: np.ndarray, k: int) -> np.ndarray:
    """Which images' k-th and next nearest other images are equally far, (n,) bool."""
    others = distance.copy()
    np.fill_diagonal(others, np.inf)
    last, following = np.partition(others, (k - 1, k), axis=1)[:, k - 1 : k + 1].T
    return following - last <= ROUNDING * np.maximum(following, 1.0)


def nearest(distance: np.ndarray, k: int) -> np.ndarray:
    """Indices of each row's k nearest other rows, nearest first: (n, k)."""
    others = distance.copy()
    np.fill_diagonal(others, np.inf)
    found = np.sort(np.argpartition(others, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(np.take_along_axis(others, found, 1), axis=1, kind="stable")
    return np.take_along_axis(found, order, 1)


def matches(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Whether neighbour a of one side is neighbour b of the other: (n, k, k) bool."""
    return first[:, :, None] == second[:, None, :]
