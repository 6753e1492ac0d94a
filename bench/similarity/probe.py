"""The contract of a measure that learns from training images what a layer of the original says, and then asks both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import scipy

from bench.errors import InputError
from bench.similarity.measure import Described, Invariance


@dataclass(frozen=True)
class Shown:
    """A layer's features of images with known classes: (n, d) in the precision they came in, and (n,) int64."""

    features: np.ndarray
    labels: np.ndarray


class FittedProbe(Protocol):
    """What was fitted on one layer."""

    @property
    def mean(self) -> np.ndarray:
        """Of the training images' features, (d,)."""

    def right(self, shown: Shown) -> np.ndarray:
        """Which images it answers rightly, (n,) bool."""


@dataclass(frozen=True)
class Loss:
    """Share of images that a probe answers rightly at the original, less that at the other network.

    Attributes:
        value, low, high: the loss and its t interval over images.
        influence: (n,) of each image, exact for a difference of two means.
    """

    value: float
    low: float
    high: float
    influence: np.ndarray


@dataclass(frozen=True)
class ProbeMeasure(Described, ABC):
    """What a probe of the original's layer loses at another network's layer, in shares of images.

    A frozen dataclass whose fields are its parameters, like `Measure`; it defines `fit` alone. It isn't symmetric, and
    no pair of activations is enough for it: it learns on training images.
    """

    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    larger_is_similar: ClassVar[bool] = False
    symmetric: ClassVar[bool] = False
    invariances: ClassVar[tuple[Invariance, ...]] = ()

    @abstractmethod
    def fit(self, training: Shown, validation: Shown) -> FittedProbe:
        """A probe of one layer; `validation` chooses what training images cannot.

        Raises:
            InputError: the features are unusable, or the training images are of one class.
        """


# A difference of two means over the same images is the mean of d_i = right_i at the original - right_i at the other;
# the influence of image i is d_i less that mean, exactly, and Σψ²/(n(n-1)) is s²/n.
def loss(original: np.ndarray, other: np.ndarray, confidence: float = 0.95) -> Loss:
    """The loss between right answers (n,) bool at the original and at another network.

    >>> loss(np.array([True, True, True, False]), np.array([True, False, True, False])).value
    0.25
    """
    differences = original.astype(np.float64) - other
    n = len(differences)
    value = float(differences.mean())
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2, n - 1) * differences.std(ddof=1) / np.sqrt(n))
    return Loss(value, max(value - half, -1.0), min(value + half, 1.0), differences - value)


def put_back(features: np.ndarray, kept: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Features of a thinned layer among those of the whole one: channels that are gone stand at their training mean.

    >>> put_back(np.array([[5.0, 7.0]]), np.array([2, 0]), np.array([1.0, 2.0, 3.0]))
    array([[7., 2., 5.]])

    Args:
        features: (n, k·p), of k channels with p positions each.
        kept: (k,) which channel of the whole layer each one is.
        mean: (c·p,) of the whole layer of c channels.

    Raises:
        InputError: they don't fit together.
    """
    n, positions = len(features), features.shape[1] // max(len(kept), 1)
    channels = len(mean) // max(positions, 1)
    fits = positions * len(kept) == features.shape[1] and channels * positions == len(mean)
    if not fits or len(np.unique(kept)) != len(kept) or kept.min() < 0 or kept.max() >= channels:
        raise InputError("the channels that the file names don't fit the layer")
    whole = np.repeat(mean.astype(features.dtype)[None], n, axis=0).reshape(n, channels, positions)
    whole[:, kept] = features.reshape(n, len(kept), positions)
    return whole.reshape(n, -1)
