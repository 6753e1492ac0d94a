"""What the user of a network notices: how its answers differ from another network's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import log_softmax, softmax

from bench.roles import COMPRESSED, CONTROL, ORIGINAL

BINS = 15  # of the expected calibration error


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose largest logit is the label's, 0 to 1; logits (n, classes), labels (n,)."""
    return float(np.mean(logits.argmax(1) == labels))


def churn(logits: np.ndarray, others: np.ndarray) -> float:
    """Share of images on which two networks disagree, 0 to 1 (Milani Fard et al. 2016)."""
    return float(np.mean(logits.argmax(1) != others.argmax(1)))


def jensen_shannon(logits: np.ndarray, others: np.ndarray) -> float:
    """Mean over images of the Jensen-Shannon divergence of the two predicted distributions, base 2, 0 to 1."""
    p, q = softmax(_double(logits), axis=1), softmax(_double(others), axis=1)
    middle = (p + q) / 2
    return float(np.mean(_kullback_leibler(p, middle) + _kullback_leibler(q, middle)) / 2)


def _kullback_leibler(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    return (p * np.log2(ratio)).sum(1)


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over images of -log p(label), nats."""
    return float(-log_softmax(_double(logits), axis=1)[np.arange(len(labels)), labels].mean())


def brier(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over images of the squared distance from the predicted distribution to the label's, 0 to 2 (Brier 1950)."""
    probabilities = softmax(_double(logits), axis=1)
    probabilities[np.arange(len(labels)), labels] -= 1
    return float((probabilities**2).sum(1).mean())


def expected_calibration_error(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean gap between confidence and accuracy over 15 bins of equal width, 0 to 1 (Guo et al. 2017)."""
    probabilities = softmax(_double(logits), axis=1)
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def recall(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Per class, the share of its images that are found, (classes,); NaN where a class has none."""
    counts = np.bincount(labels, minlength=logits.shape[1])
    hits = np.bincount(labels[logits.argmax(1) == labels], minlength=logits.shape[1])
    return np.divide(hits, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def compare(logits: Mapping[str, np.ndarray], labels: np.ndarray) -> dict[str, float]:
    """Differences of the compressed network's predictions to those of the references.

    Args:
        logits: (n, classes) each, by role; "compressed" and "original" must be there, "finetune" may be.
        labels: (n,) int64.

    Returns:
        Differences are compressed minus original; accuracies and churn are shares of images.
    """
    compressed, original = logits[COMPRESSED], logits[ORIGINAL]
    scores = {"nll": negative_log_likelihood, "brier": brier, "ece": expected_calibration_error}
    metrics = {
        "test_accuracy": accuracy(compressed, labels),
        "original_test_accuracy": accuracy(original, labels),
        "accuracy_difference": accuracy(compressed, labels) - accuracy(original, labels),
        "churn": churn(compressed, original),
        "jensen_shannon": jensen_shannon(compressed, original),
        **{f"{name}_difference": score(compressed, labels) - score(original, labels) for name, score in scores.items()},
    }
    if CONTROL in logits:
        metrics["churn_finetune"] = churn(compressed, logits[CONTROL])
    return metrics


def _double(logits: np.ndarray) -> np.ndarray:
    return np.asarray(logits, dtype=np.float64)
