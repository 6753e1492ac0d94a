"""Seed-equivalents: the interval of a ratio whose denominator is a mean over pairs of seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from bench.calibrate.scenario import Outcomes, Scenario, covers, rejects
from bench.statistics.equivalence import assess_estimate
from bench.statistics.seed_equivalents import difference_in_seed_equivalents, seed_equivalents

OTHER_SEED = 0.7
MARGIN = 0.25
Compared = Literal["pairs", "next"]
WORDS: dict[Compared, str] = {"pairs": "every pair of seeds compared", "next": "every seed compared with the next one"}


@dataclass(frozen=True)
class Ratio(Scenario):
    """Agreements that depend on the seed; the agreement of two seeds depends on both."""

    effort: ClassVar[int] = 400

    agreement: float
    compared: Compared
    number_of_seeds: int

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        # A seed's effect enters its own distance to the original and every pair that it is in, so that numerator and
        # denominator are correlated and pairs are dyadic. Distances are log-normal with the mean that the truth says.
        seeds, distance = self.seeds, 1 - self.agreement
        effect = rng.standard_normal(seeds)
        near = 1 - distance * np.exp(_centred(0.15 * effect + 0.15 * rng.standard_normal(seeds), 0.15**2 * 2))
        margin_away = near - MARGIN * (1 - OTHER_SEED)
        pairs = 1 - (1 - OTHER_SEED) * np.exp(_centred(*_dyadic(effect, rng)))
        far = pairs if self.compared == "pairs" else pairs[np.arange(seeds), (np.arange(seeds) + 1) % seeds]
        further = difference_in_seed_equivalents(margin_away, near + rng.normal(0, 0.01, seeds), far)
        p_equivalent = assess_estimate(further, MARGIN).p_equivalent
        return {
            "seed-equivalents, jackknife over seeds": covers(
                seed_equivalents(near, far), truth=distance / (1 - OTHER_SEED)
            ),
            "difference in seed-equivalents, jackknife over seeds": covers(further, truth=MARGIN),
            "equivalence (TOST) at the margin, seed-equivalents": rejects(p_equivalent),
        }

    @property
    def population(self) -> str:
        return f"{(1 - self.agreement) / (1 - OTHER_SEED):.2f} seed-equivalents, {WORDS[self.compared]}"

    @property
    def seeds(self) -> int:
        return self.number_of_seeds


def scenarios() -> Iterator[Scenario]:
    """Near the original and as far as another training, for both ways to compare seeds."""
    for agreement in (0.97, 0.7):
        for compared in WORDS:
            for seeds in (3, 6, 12):
                yield Ratio(agreement, compared, seeds)


def _centred(log: np.ndarray, variance: float) -> np.ndarray:
    """Normal logs shifted so that their exponential has mean 1."""
    return log - variance / 2


def _dyadic(effect: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Symmetric (S, S) logs, the sum of both seeds' effects and one of the pair; and their variance."""
    of_pair = np.triu(rng.standard_normal((len(effect), len(effect))), 1)
    return 0.05 * (effect[:, None] + effect) + 0.05 * (of_pair + of_pair.T), 0.05**2 * 3
