"""Families of tests: Holm's family-wise error, and Benjamini and Hochberg's share of false discoveries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.calibrate.scenario import Outcomes, Rejects, Scenario
from bench.statistics.multiplicity import benjamini_hochberg, holm
from bench.statistics.tests import paired_t_of_rows

EFFECT = 1.5  # of a real difference, in SDs between seeds


@dataclass(frozen=True)
class ManyTests(Scenario):
    """Paired t tests over the same seeds, correlated as layers of one network are; some differences are real."""

    effort: ClassVar[int] = 800
    recorded_as: ClassVar[str] = "Family"

    tests: int
    real: int
    number_of_seeds: int
    correlation: float = 0.5

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        # The tests share a part of their error, since they share the seeds: Holm must hold under any dependence,
        # Benjamini and Hochberg under this positive one. Real differences come first, so that the rest are true nulls.
        common = rng.standard_normal(self.seeds)
        of_test = rng.standard_normal((self.tests, self.seeds))
        differences = np.sqrt(self.correlation) * common + np.sqrt(1 - self.correlation) * of_test
        differences[: self.real] += EFFECT
        p = paired_t_of_rows(differences)
        strict, loose = np.array(holm(p).rejected), np.array(benjamini_hochberg(p).rejected)
        finds = max(int(loose.sum()), 1)
        return {
            "Holm: any false claim in the family": Rejects(float(strict[self.real :].any())),
            "Benjamini-Hochberg: share of false finds": Rejects(float(loose[self.real :].sum()) / finds),
        }

    @property
    def population(self) -> str:
        return f"{self.tests} tests, correlation {self.correlation:g}, {self.real} real differences"

    @property
    def seeds(self) -> int:
        return self.number_of_seeds


def scenarios() -> Iterator[Scenario]:
    """Small and large families, without any real difference and with half of them real."""
    for seeds in (3, 6, 12):
        for tests in (8, 40):
            for real in (0, tests // 2):
                yield ManyTests(tests, real, seeds)
