"""How well a layer tells the classes apart: accuracy of a linear classifier on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from bench.errors import InputError
from bench.similarity import inputs
from bench.similarity.algebra.geometry import live
from bench.similarity.labelled_measure import LabelledMeasure
from bench.similarity.measure import Invariance
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import proportion


@dataclass(frozen=True)
class LinearProbe(LabelledMeasure):
    """|probe accuracy on x - probe accuracy on y|; `accuracy` gives that of one representation.

    The probe is a ridge regression to one-hot classes, trained on a random half of the images and scored on the other.
    The training half standardises the units; a unit that is dead on it is left out.

    Args:
        penalty: ridge, relative to the number of training images (each standardised unit has variance 1).
        seed: of the split into halves, the same for both sides.

    Source: Alain and Bengio 2017, with a ridge in place of the softmax.
    """

    penalty: float = 0.1
    seed: int = 0

    title: ClassVar[str] = "Linear probe accuracy difference"
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "isotropic scaling", "unit scaling", "translation")
    source: ClassVar[str] = "alain2017understanding"

    def __post_init__(self) -> None:
        if not self.penalty > 0.0:
            raise InputError(f"Linear probe: penalty must be above 0, not {self.penalty!r}.")

    def accuracy(self, x: ArrayLike, labels: ArrayLike, *, confidence: float = 0.95) -> Estimate:
        """Accuracy of a probe of x (n, d) on the half of the images that did not train it, with Wilson's interval.

        Raises:
            InputError: the activations or labels are unusable, or the training half holds a single class.
        """
        side = live(inputs.activations(x, "x"))
        right = self.correct(side, inputs.labels(labels, len(side)))
        estimand = "linear probe accuracy"
        return proportion(int(right.sum()), len(right), confidence=confidence, estimand=estimand)

    def per_image(self, x: ArrayLike, y: ArrayLike, labels: ArrayLike) -> np.ndarray:
        """See `LabelledMeasure.per_image`; units whose spread is rounding alone are dead."""
        first, second = inputs.pair_as_given(x, y)
        return super().per_image(live(first), live(second), labels)

    def scored(self, n: int) -> np.ndarray:
        """The half that doesn't train the probe."""
        return self._halves(n)[1]

    def _halves(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng(self.seed).permutation(n)
        return order[: n // 2], order[n // 2 :]

    def correct(self, side: np.ndarray, labels: np.ndarray) -> np.ndarray:
        train, held_out = self._halves(len(side))
        classes = np.unique(labels[train])
        if len(classes) < 2:
            raise InputError(f"{self.title}: the training half of the images holds one class only, {classes[0]}.")
        scores = _ridge_scores(side[train], labels[train][:, None] == classes, side[held_out], self.penalty)
        return classes[scores.argmax(1)] == labels[held_out]


# Ridge regression has a closed form and gives the same probe every time, which a softmax trained by gradients does not.
# (FᵀF + λI)⁻¹Fᵀ = Fᵀ(FFᵀ + λI)⁻¹: the smaller of the two Grams, (d, d) or (n, n), is solved. Centring the targets and
# putting their mean back is an intercept without penalty.
def _ridge_scores(train: np.ndarray, targets: np.ndarray, held_out: np.ndarray, penalty: float) -> np.ndarray:
    """Predictions (m, classes) of a ridge regression with intercept, through whichever Gram is smaller."""
    alive = np.ptp(train, axis=0) > 0.0
    mean, spread = train[:, alive].mean(0), train[:, alive].std(0)
    features, queries = (train[:, alive] - mean) / spread, (held_out[:, alive] - mean) / spread
    centred = targets - targets.mean(0)
    n, d = features.shape
    ridge = penalty * n
    if d <= n:
        gram = features.T @ features + ridge * np.eye(d)
        return queries @ linalg.solve(gram, features.T @ centred, assume_a="pos") + targets.mean(0)
    gram = features @ features.T + ridge * np.eye(n)
    return queries @ (features.T @ linalg.solve(gram, centred, assume_a="pos")) + targets.mean(0)
