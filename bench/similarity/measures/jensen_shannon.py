"""Mean Jensen-Shannon divergence between two networks' predicted probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from bench.similarity.algebra.precision import rounding_room
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
        # With r = (p - q)/(p + q) the divergence sums (p + q)/2 · h(r), h(r) = (1 + r) log(1 + r) + (1 - r) log(1 - r).
        # For like predictions these two cancel to r², and the series r² + r⁴/6 + r⁶/15 is right where they are not. A
        # probability is right to c ε/2 of the largest logit, times itself: an r below that is 0, so that logits equal
        # up to a constant have no divergence.
        p, q = special.softmax(x, axis=1), special.softmax(y, axis=1)
        both = p + q
        r = np.divide(p - q, both, out=np.zeros_like(p), where=both > 0.0)
        largest = 1.0 + np.maximum(np.abs(x).max(1), np.abs(y).max(1))
        r[np.abs(r) <= rounding_room(np.dtype(np.float64)) * largest[:, None]] = 0.0
        h = special.xlog1py(1.0 + r, r) + special.xlog1py(1.0 - r, -r)
        h = np.where(np.abs(r) < 0.01, r**2 * (1.0 + r**2 / 6.0 + r**4 / 15.0), h)
        return np.clip((both * h).sum(1) / (4.0 * np.log(2.0)), 0.0, 1.0)
