"""One profile's measurements over its seeds: means, differences, holes and the similarity of the inside.

What follows from them, such as claims, leading sets and budgets, are functions of a study in modules of their own,
each marked as a `judgement`, so that it is computed once per study.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar

import numpy as np

from bench.analysis import inside
from bench.analysis.inside import Inside
from bench.analysis.results import Results
from bench.roles import OTHER_SEED
from bench.runner.plan_file import PlanFile
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import paired_difference, seed_mean
from bench.statistics.seed_equivalents import seed_equivalents

T = TypeVar("T")


@dataclass
class Study:
    """Answers questions about the measurements of one profile."""

    results: Results
    _seed_values: dict[tuple[str, str, str], np.ndarray] = field(default_factory=dict, repr=False)
    _judgements: dict[Callable[[Study], Any], Any] = field(default_factory=dict, repr=False)

    @property
    def plan(self) -> PlanFile:
        """The profile's plan."""
        return self.results.plan

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the networks."""
        return tuple(model.name for model in self.plan.models)

    @property
    def seeds(self) -> int:
        """How many the profile asks for."""
        return len(self.plan.seeds)

    def per_seed(self, metric: str, model: str, variant: str) -> np.ndarray:
        """(S,) a metric of a variant, of its packed file first and of its comparison with the original else."""
        key = (metric, model, variant)
        if key not in self._seed_values:
            kind = "compressed" if metric in self.results.compressed else "compared"
            self._seed_values[key] = self.results.by_seed(kind, metric, model, variant)
        return self._seed_values[key]

    def mean(self, metric: str, model: str, variant: str) -> Estimate:
        """A metric's mean over seeds."""
        return seed_mean(self.per_seed(metric, model, variant))

    def difference(self, metric: str, model: str, variant: str, reference: str) -> Estimate:
        """A metric's mean difference to another variant's, paired by seed."""
        return paired_difference(self.per_seed(metric, model, variant), self.per_seed(metric, model, reference))

    def has_results(self, model: str) -> bool:
        """Whether any method of a model has an accuracy."""
        return any(self.mean("test_accuracy", model, variant.label).n for variant in self.plan.methods)

    def hole(self, model: str, variant: str, kind: str = "compress") -> str:
        """Why a variant has no result of that kind: the worst state among its cells; empty where all are done."""
        states = self._states.get((kind, model, variant), set())
        return next((state for state in ("failed", "refused", "damaged", "missing") if state in states), "")

    @cached_property
    def _states(self) -> dict[tuple[str, str, str], set[str]]:
        found: dict[tuple[str, str, str], set[str]] = {}
        cells = self.results.cells
        for kind, model, variant, state in zip(cells["kind"], cells["model"], cells["variant"], cells["state"]):
            found.setdefault((kind, model, variant), set()).add(state)
        return found

    @cached_property
    def insides(self) -> dict[tuple[str, str, str], Inside]:
        """Every variant's similarity to the original, by (model, variant, feature)."""
        return {
            (model, variant, feature): found
            for model in self.models
            for variant in inside.comparable(self.plan)
            for feature, found in inside.read(self.results, model, variant).items()
        }

    def distance(self, model: str, variant: str, feature: str) -> Estimate | None:
        """Seed-equivalents of a variant's inside, mean over blocks."""
        own, other = (self.insides.get((model, label, feature)) for label in (variant, OTHER_SEED))
        return None if own is None or other is None else seed_equivalents(own.mean_values, other.mean_values)


def judgement(compute: Callable[[Study], T]) -> Callable[[Study], T]:
    """Compute a function of a study once per study, and remember it on the study itself.

    `functools.cache` would keep every study of a process alive; here a judgement goes when its study does.
    """

    @wraps(compute)
    def remembered(study: Study) -> T:
        if compute not in study._judgements:
            study._judgements[compute] = compute(study)
        judged: T = study._judgements[compute]
        return judged

    return remembered
