"""Which classes a compression hurts: the change of each class's recall, paired over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from bench.diagnose.answers.exemplars import right
from bench.errors import InputError
from bench.statistics.arrays import ROUNDING
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import of_image_means, paired_difference
from bench.statistics.multiplicity import Corrected, benjamini_hochberg
from bench.statistics.tests import Significance, sign_flip, t_of


@dataclass(frozen=True, slots=True)
class ClassEffects:
    """Differences in recall, or in another mean over images, one entry per class.

    Attributes:
        estimates: recall of the compressed network minus the other's, shares of the class's images; or another mean.
        tests: t tests that belong to the intervals.
        sign_flips: exact permutation tests over seeds of the same differences.
        corrected: Benjamini-Hochberg over the classes' t tests.
    """

    estimates: tuple[Estimate, ...]
    tests: tuple[Significance, ...]
    sign_flips: tuple[Significance, ...]
    corrected: Corrected

    @property
    def worst(self) -> tuple[int, ...]:
        """The class that loses the most, or all that lose as much; empty if no class loses."""
        values = np.array([estimate.value for estimate in self.estimates])
        if not np.isfinite(values).any() or not np.nanmin(values) < -ROUNDING:
            return ()
        return tuple(np.flatnonzero(values <= np.nanmin(values) + ROUNDING).tolist())


def class_effects(
    compressed: ArrayLike,
    other: ArrayLike,
    labels: ArrayLike,
    *,
    alpha: float = 0.05,
    confidence: float = 0.95,
) -> ClassEffects:
    """Which classes gain or lose, against the original or the control.

    >>> labels = np.array([0, 0, 1, 1])
    >>> good = np.eye(2)[[labels] * 3]
    >>> [round(estimate.value, 2) for estimate in class_effects(good[:, :, ::-1], good, labels).estimates]
    [-1.0, -1.0]

    Args:
        compressed, other: (S, n, classes) logits of the same seeds and images.
        labels: (n,).

    Returns:
        A class without images has a warning instead of a value.

    Raises:
        InputError: shapes that do not fit.
    """
    answers = [right(logits, labels, name) for logits, name in ((compressed, "compressed"), (other, "other"))]
    shapes = [np.shape(logits) for logits in (compressed, other)]
    if shapes[0] != shapes[1]:
        raise InputError(f"paired logits must have one shape, not {shapes[0]} and {shapes[1]}.")
    truth, classes = np.asarray(labels), shapes[0][2]
    pairs = [(answers[0][:, truth == label], answers[1][:, truth == label]) for label in range(classes)]
    found = of_means(pairs, estimand="difference in recall", alpha=alpha, confidence=confidence)
    return replace(found, estimates=tuple(map(_of_recalls, found.estimates)))


def _of_recalls(estimate: Estimate) -> Estimate:
    """Recalls differ by 1 at most; where every seed and image gave the same, no spread is known."""
    if not estimate.standard_error > 0.0:
        return replace(estimate, low=float("nan"), high=float("nan"))
    return replace(estimate, low=max(estimate.low, -1.0), high=min(estimate.high, 1.0))


def of_means(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], *, estimand: str, alpha: float = 0.05, confidence: float = 0.95
) -> ClassEffects:
    """Effects on whatever is a mean over images.

    Args:
        pairs: of each class, of the compressed network and of the other, (S, n) a number per seed and image; the images
            may be the class's alone.
        estimand: what an estimate is of.
    """
    estimates = tuple(_estimate(first, second, confidence, estimand) for first, second in pairs)
    tests = tuple(t_of(estimate) for estimate in estimates)
    return ClassEffects(
        estimates=estimates,
        tests=tests,
        sign_flips=tuple(sign_flip(_mean(first) - _mean(second)) for first, second in pairs),
        corrected=benjamini_hochberg([test.p for test in tests], family="classes", alpha=alpha),
    )


def _estimate(first: np.ndarray, second: np.ndarray, confidence: float, estimand: str) -> Estimate:
    """The difference of two means over images, each (S, n)."""
    # Seeds are the unit of replication. The class's images are a second, crossed sample: both networks of all seeds
    # answer the same ones, so the influence of each image on a mean is passed on, and the interval widens by their
    # variation. A single image has none to estimate.
    if first.shape[1] < 2:
        return paired_difference(_mean(first), _mean(second), confidence=confidence, estimand=estimand)
    (a, influence_a), (b, influence_b) = of_image_means(first), of_image_means(second)
    return paired_difference(a, b, influence_a, influence_b, confidence=confidence, estimand=estimand)


def _mean(table: np.ndarray) -> np.ndarray:
    return table.mean(1) if table.shape[1] else np.full(len(table), np.nan)
