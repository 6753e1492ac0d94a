"""Comparing many methods at once: leading set, ranks across models, and the joint mixed model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.calibrate.scenario import Outcomes, Rejects, Scenario, rejects
from bench.statistics.leading_set import leading_set
from bench.statistics.mixed import joint_analysis
from bench.statistics.rankings import rank_methods

FAR_BELOW = 4.0  # SDs between the best methods and the others


@dataclass(frozen=True)
class Leading(Scenario):
    """Some methods are best alike, the others far below."""

    effort: ClassVar[int] = 400

    methods: int
    best: int
    number_of_seeds: int

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        values = rng.standard_normal((self.methods, self.seeds)) + rng.standard_normal(self.seeds)
        # Seeds shift all methods alike, which pairing by seed must take out. The promise is to each best method by
        # itself, so that the rate is the share of them that is left out, not the chance that any is.
        values[self.best :] -= FAR_BELOW
        leading = leading_set({str(number): row for number, row in enumerate(values)})
        lost = [str(number) not in leading.members for number in range(self.best)]
        return {"leading set: one of the best left out": Rejects(float(np.mean(lost)))}

    @property
    def population(self) -> str:
        return f"{self.methods} methods, {self.best} of them best alike"

    @property
    def seeds(self) -> int:
        return self.number_of_seeds


@dataclass(frozen=True)
class EqualRanks(Scenario):
    """Methods that are alike on every model."""

    effort: ClassVar[int] = 400

    methods: int
    models: int

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        values = rng.standard_normal((self.methods, self.models))
        ranking = rank_methods({str(number): row for number, row in enumerate(values)})
        widest = ranking.mean_ranks[-1] - ranking.mean_ranks[0]
        return {
            "Friedman's test": rejects(ranking.p),
            "Nemenyi: any two methods apart": Rejects(float(widest > ranking.critical_difference)),
        }

    @property
    def population(self) -> str:
        return f"{self.methods} methods alike on {self.models} models"


@dataclass(frozen=True)
class EqualMethods(Scenario):
    """Methods that are alike on average, over networks that vary; methods and models may differ in scatter.

    Attributes:
        scatter: SD of the last method and model over that of the first.
    """

    effort: ClassVar[int] = 200

    models: int
    number_of_seeds: int
    network_sd: float
    scatter: float = 1.0
    methods: int = 6

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        # One number per network is shared by all its methods, as the model's random intercept is; the rest scatters by
        # method and model, which a pooled residual variance would get wrong and the jackknife must not.
        shape = (self.models, self.seeds, self.methods)
        values = rng.standard_normal(shape) * self._scales + self.network_sd * rng.standard_normal(shape[:2])[..., None]
        model, seed, method = (index.ravel() for index in np.indices(shape))
        analysis = joint_analysis(
            [str(number) for number in model],
            [str(number) for number in method],
            seed.tolist(),
            values.ravel(),
            reference="0",
        )
        return {
            "mixed model: any method told from the reference (Holm)": Rejects(
                float(any(effect.p <= 0.05 for effect in analysis.effects))
            )
        }

    @property
    def population(self) -> str:
        scatter = "" if self.scatter == 1 else f", some methods and models scatter {self.scatter:g} times as far"
        return f"{self.methods} methods alike, {self.models} models, SD {self.network_sd:g} between networks{scatter}"

    @property
    def _scales(self) -> np.ndarray:
        """(models, 1, methods) SDs, from 1 to `scatter`."""
        of_models, of_methods = (np.geomspace(1, self.scatter**0.5, k) for k in (self.models, self.methods))
        return of_models[:, None, None] * of_methods

    @property
    def seeds(self) -> int:
        return self.number_of_seeds


def scenarios() -> Iterator[Scenario]:
    """The leading set, ranks and the joint analysis, each for small and large studies."""
    for seeds in (3, 6, 12):
        yield Leading(12, 12, seeds)
        yield Leading(12, 3, seeds)
    for methods in (4, 12):
        for models in (6, 12):
            yield EqualRanks(methods, models)
    for models, seeds, network_sd in ((1, 3, 1.0), (2, 3, 1.0), (2, 6, 1.0), (2, 6, 0.0), (2, 12, 1.0)):
        yield EqualMethods(models, seeds, network_sd)
    for models, seeds in ((1, 6), (2, 3), (2, 6), (2, 12), (6, 6)):
        yield EqualMethods(models, seeds, 1.0, scatter=100.0)
