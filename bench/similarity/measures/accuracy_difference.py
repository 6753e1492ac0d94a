"""Difference in accuracy of two networks on the same images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from bench.errors import InputError
from bench.similarity.labelled_measure import LabelledMeasure


@dataclass(frozen=True)
class AccuracyDifference(LabelledMeasure):
    """|top-1 accuracy of x - that of y| from logits (n, classes), 0 to 1.

    Source: Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Accuracy difference"
    source: ClassVar[str] = "klabunde2025similarity"
    compares: ClassVar[Literal["activations", "outputs"]] = "outputs"

    def correct(self, side: np.ndarray, labels: np.ndarray) -> np.ndarray:
        if labels.min() < 0 or labels.max() >= side.shape[1]:
            raise InputError(f"{self.title}: labels must be 0 to {side.shape[1] - 1}, the columns of the logits.")
        return side.argmax(1) == labels
