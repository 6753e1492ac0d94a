"""Mean Jensen-Shannon divergence between two networks' predicted probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.similarity.families.outputs import OutputMeasure
from bench.statistics.divergence import jensen_shannon


@dataclass(frozen=True)
class JensenShannon(OutputMeasure):
    """Mean over images of the Jensen-Shannon divergence of softmax(logits), base 2: 0 to 1 bit.

    Source: Lin 1991; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Jensen-Shannon divergence"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "lin1991divergence"

    def compute_per_image(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return jensen_shannon(x, y)
