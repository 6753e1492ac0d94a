"""Whether a probe of the original still reads another network's layer: what it loses there, in shares of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg

from bench.errors import InputError
from bench.similarity import inputs
from bench.similarity.algebra.precision import as_double, rounding_room
from bench.similarity.probe import ProbeMeasure, Shown

PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # shares of the features' total sum of squares, strongest first
COLUMNS, ROWS = 2048, 1024  # of the features, in float64 at once


@dataclass(frozen=True)
class CrossProbe(ProbeMeasure):
    """Accuracy of the original's probe on the original's layer less that on the compressed network's, -1 to 1.

    The probe is a ridge regression to one-hot classes with an unpenalised intercept, fitted on the original's layer.
    Units keep their scale: one that hardly moves in the original weighs hardly anything, however large it is elsewhere;
    one whose spread is rounding alone has no weight. The penalty is the one of `PENALTIES` with the most right answers
    on validation images, the strongest of equals.

    Source: Alain and Bengio 2017, for the probe.
    """

    title: ClassVar[str] = "Cross-probe loss"
    source: ClassVar[str] = "alain2017understanding"

    def fit(self, training: Shown, validation: Shown) -> Ridge:
        """See `ProbeMeasure.fit`."""
        features = inputs.activations(training.features, "training images")
        classes = np.unique(training.labels)
        if len(classes) < 2:
            raise InputError(f"{self.title} needs training images of two classes at least, and all are of one.")
        mean, live = _moments(features)
        targets = (training.labels[:, None] == classes).astype(np.float64)
        weights = _weights(features, mean, live, targets - targets.mean(0))
        candidates = [Ridge(mean, of_penalty, targets.mean(0), classes) for of_penalty in weights]
        rights = [int(candidate.right(validation).sum()) if len(validation.labels) else 0 for candidate in candidates]
        return candidates[int(np.argmax(rights))]  # the first of equals


@dataclass(frozen=True, eq=False)
class Ridge:
    """A fitted probe: weights (d, classes) of features less their training mean (d,), and intercepts (classes,)."""

    mean: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    classes: np.ndarray

    def right(self, shown: Shown) -> np.ndarray:
        """See `FittedProbe.right`.

        Raises:
            InputError: the features are no numbers, or of another width than those it was fitted on.
        """
        features = inputs.activations(shown.features, "images")
        if features.shape[1] != len(self.mean):
            raise InputError(f"the probe was fitted on {len(self.mean)} units, and here are {features.shape[1]}.")
        answers = np.empty(len(features), dtype=self.classes.dtype)
        for start in range(0, len(features), ROWS):
            rows = slice(start, start + ROWS)
            scores = (as_double(features[rows]) - self.mean) @ self.weights + self.intercepts
            answers[rows] = self.classes[scores.argmax(1)]
        return answers == shown.labels


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means (d,), and which units have more spread than rounding leaves (d,) bool."""
    mean, live = np.empty(features.shape[1]), np.empty(features.shape[1], bool)
    for columns in _slices(features):
        values = as_double(features[:, columns])
        mean[columns] = values.mean(0)
        spread, size = (np.linalg.norm(side, axis=0) for side in (values - mean[columns], values))
        live[columns] = spread > rounding_room(features.dtype) * size
    return mean, live


# With centred features F the weights are (FᵀF + λI)⁻¹FᵀT = Fᵀ(FFᵀ + λI)⁻¹T: whichever Gram is smaller, (d, d) or
# (n, n), is formed and solved, so that a flattened layer of 16,384 units and 5,000 images takes no more than 25 million
# numbers. λ is a share of tr(FᵀF): the same probe whatever the scale and the number of images.
def _weights(features: np.ndarray, mean: np.ndarray, live: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
    """Weights (d, classes) for every penalty."""
    n, d = features.shape
    total = sum(float((_centred(features, mean, live, columns) ** 2).sum()) for columns in _slices(features))
    if total == 0.0:
        return [np.zeros((d, targets.shape[1])) for _ in PENALTIES]
    if d <= n:
        whole = _centred(features, mean, live, slice(None))
        gram, right_side = whole.T @ whole, whole.T @ targets
        return [_solved(gram, penalty * total, right_side) for penalty in PENALTIES]
    gram = np.zeros((n, n))
    for columns in _slices(features):
        part = _centred(features, mean, live, columns)
        gram += part @ part.T
    dual = np.hstack([_solved(gram, penalty * total, targets) for penalty in PENALTIES])
    weights = np.empty((d, dual.shape[1]))
    for columns in _slices(features):
        weights[columns] = _centred(features, mean, live, columns).T @ dual
    return [np.ascontiguousarray(part) for part in np.hsplit(weights, len(PENALTIES))]


def _solved(gram: np.ndarray, ridge: float, right_side: np.ndarray) -> np.ndarray:
    shifted = gram.T.copy(order="F")  # symmetric, and as LAPACK lays it out
    shifted[np.diag_indices(len(gram))] += ridge
    factor = linalg.cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(linalg.cho_solve(factor, right_side, check_finite=False))


def _centred(features: np.ndarray, mean: np.ndarray, live: np.ndarray, columns: slice) -> np.ndarray:
    return np.where(live[columns], as_double(features[:, columns]) - mean[columns], 0.0)


def _slices(features: np.ndarray) -> list[slice]:
    return [slice(start, start + COLUMNS) for start in range(0, features.shape[1], COLUMNS)]
