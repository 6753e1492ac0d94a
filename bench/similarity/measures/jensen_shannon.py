"""Mean Jensen-Shannon divergence between two networks' predicted probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from bench.similarity.families.outputs import OutputMeasure


@dataclass(frozen=True)
class JensenShannon(OutputMeasure):
    """Mean over images of the Jensen-Shannon divergence of softmax(logits), base 2: 0 to 1 bit.

    Source: Lin 1991; Klabunde et al. 2025.
    """

    title: ClassVar[str] = "Jensen-Shannon divergence"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "lin1991divergence"

    def compute_per_image(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        # rel_entr is 0 where a probability underflows to 0, as p log p is in the limit.
        p, q = special.softmax(x, axis=1), special.softmax(y, axis=1)
        middle = (p + q) / 2.0
        both = special.rel_entr(p, middle).sum(1) + special.rel_entr(q, middle).sum(1)
        return np.clip(both / (2.0 * np.log(2.0)), 0.0, 1.0)
