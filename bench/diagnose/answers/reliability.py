"""Reliability diagrams: how often a network is right when it says that it is sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from bench.errors import InputError
from bench.task.classification import BINS


@dataclass(frozen=True, slots=True)
class Reliability:
    """Answers of S seeds in bins of equal width of confidence.

    Attributes:
        edges: (bins + 1,) of the bins.
        counts: (S, bins) number of answers in each bin.
        confidence: (S, bins) their mean confidence; NaN in an empty bin.
        accuracy: (S, bins) share of them that are right; NaN in an empty bin.
        error: (S,) expected calibration error (Guo et al. 2017, equation 3), 0 to 1.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: np.ndarray


def reliability(logits: ArrayLike, labels: ArrayLike, *, bins: int = BINS) -> Reliability:
    """Counts, mean confidence and accuracy by bin of confidence.

    >>> sure = np.array([[[50.0, 0.0]] * 4])
    >>> diagram = reliability(sure, [0, 0, 0, 1])
    >>> float(diagram.accuracy[0, -1]), float(diagram.error[0])
    (0.75, 0.25)

    Args:
        logits: (S, n, classes), or (n, classes) of one seed.
        labels: (n,).

    Raises:
        InputError: shapes that do not fit.
    """
    values, truth = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    values = values[None] if values.ndim == 2 else values
    if values.ndim != 3 or values.shape[1:2] != truth.shape or 0 in values.shape:
        raise InputError(f"logits: expected (S, n, classes) with n = {len(truth)} labels, not {np.shape(logits)}.")
    probabilities = softmax(values, axis=2)
    sure, right = probabilities.max(2), probabilities.argmax(2) == truth
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)  # a confidence of 1 belongs to the last bin
    counts, confidence, accuracy = (
        np.stack([np.bincount(row, weight, minlength=bins) for row, weight in zip(bin_of, weights)])
        for weights in (np.ones_like(sure), sure, right.astype(float))
    )
    # From the sums, before they become means: Σ_b n_b/n · |accuracy_b - confidence_b|, and no empty bin divides by 0.
    error = np.abs(accuracy - confidence).sum(1) / values.shape[1]
    with np.errstate(invalid="ignore"):
        means = confidence / counts, accuracy / counts
    return Reliability(np.linspace(0, 1, bins + 1), counts.astype(int), *means, error)
