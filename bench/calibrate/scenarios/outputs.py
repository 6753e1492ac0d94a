"""Outputs of two networks on the same images: churn, divergence and accuracy, with their intervals over images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.calibrate.scenario import Covers, Outcomes, Scenario, covers
from bench.similarity.catalog import measure
from bench.similarity.families.outputs import OutputMeasure
from bench.statistics.intervals import proportion

CLASSES = 10


@dataclass(frozen=True)
class TwoNetworks(Scenario):
    """Logits that share a part of their variance, and classes that the first network mostly predicts."""

    effort: ClassVar[int] = 400

    shared: float
    n: int

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        first, other, noise = rng.normal(0, 3, (3, self.n, CLASSES))
        second = np.sqrt(self.shared) * first + np.sqrt(1 - self.shared) * other
        # The classes are the first network's answers under noise, so that its accuracy is high but below 1, where a
        # normal interval for a proportion fails.
        right = int(((first + 0.5 * noise).argmax(1) == first.argmax(1)).sum())
        return {
            "churn, Wilson": self._estimate("churn", first, second),
            "Jensen-Shannon divergence, t over images": self._estimate("jensen-shannon", first, second),
            "accuracy of one network, Wilson": covers(proportion(right, self.n)),
            "accuracy of one network, Clopper-Pearson": covers(proportion(right, self.n, method="clopper-pearson")),
        }

    @property
    def population(self) -> str:
        return f"normal logits, {self.shared:.0%} of the variance shared"

    @property
    def images(self) -> int:
        return self.n

    def _estimate(self, name: str, first: np.ndarray, second: np.ndarray) -> Covers:
        compared_by = measure(name)
        assert isinstance(compared_by, OutputMeasure)
        return covers(compared_by.estimate(first, second))


def scenarios() -> Iterator[Scenario]:
    """Networks that nearly agree and networks that do not."""
    for shared in (0.5, 0.95, 0.9999):
        for n in (360, 2000):
            yield TwoNetworks(shared, n)
