"""One profile's measurements over its seeds: means, differences and holes.

What follows from them, such as claims, leading sets and budgets, are functions of a study in modules of their own,
each marked as a `judgement`, so that it is computed once per study.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, TypeVar

import numpy as np

from bench.analysis.per_image import PerImage
from bench.analysis.results import Results
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlanFile
from bench.statistics.arrays import joined
from bench.statistics.crossed import crossed_difference, crossed_mean
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import paired_difference, seed_mean
from bench.task import DEFAULT, Change, Primary, task

T = TypeVar("T")
TRAININGS_ALONE = "Over trainings alone: its stored predictions do not say what single images are worth."
LEFT_OUT = "Left out, since stored predictions do not say what single images are worth: seed {seeds}."


@dataclass
class Study:
    """Answers questions about the measurements of one profile.

    Attributes:
        withholds: whether no word is given where the seeds are too few for one; turned off only by simulations of what
            would happen otherwise.
    """

    results: Results
    withholds: bool = field(default=True, kw_only=True)
    _judgements: _Memory = field(default_factory=dict, repr=False)
    _measurements: _Memory = field(default_factory=dict, repr=False)

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
        """Number of seeds that the profile asks for."""
        return len(self.plan.seeds)

    @property
    def primary(self) -> Primary:
        """The task's outcome that ranks networks: its metric, scale and unit."""
        return self.plan.task.primary

    @property
    def changes(self) -> tuple[Change, ...]:
        """What else the task prints of predictions beside the original's, as far as the runs hold it."""
        planned = self.plan.task.changes
        changes = task(DEFAULT).changes if planned is None else planned
        return tuple(change for change in changes if change.metric in self.results.compared)

    @property
    def beside(self) -> tuple[Primary, ...]:
        """What else the task ranks nothing by and yet reports of every network, as far as the runs hold it."""
        beside = self.per_image.task.beside if self.per_image.task else ()
        return tuple(outcome for outcome in beside if outcome.test in self.results.compressed)

    def per_seed(self, metric: str, model: str, variant: str) -> np.ndarray:
        """(S,) a metric of a variant's packed file, or else of its comparison with the original.

        The primary one is NaN for a seed that `level` leaves out: a word must rest on the seeds that its interval has.
        """
        # Comparisons repeat the accuracy of both networks. The packed file's own is there for the original too, which
        # is compared with nothing.
        kind = "compressed" if metric in self.results.compressed else "compared"
        values = self.results.by_seed(kind, metric, model, variant)
        if metric == self.primary.test:
            values[self.per_image.left_out(model, variant)] = np.nan
        return values

    def mean(self, metric: str, model: str, variant: str) -> Estimate:
        """A metric's mean over seeds; of the primary one over test images too, see `level`."""
        if metric == self.primary.test:
            return self.level(model, variant)
        return seed_mean(self.per_seed(metric, model, variant))

    def difference(self, metric: str, model: str, variant: str, reference: str) -> Estimate:
        """A metric's mean difference to another variant's, paired by seed; of the primary one by test image too."""
        if metric == self.primary.test:
            if (pair := self.tables(model, variant, reference)) is not None:
                return self._without_some(crossed_difference(*pair), model, variant, reference)
            return self._of_trainings(
                paired_difference(self.per_seed(metric, model, variant), self.per_seed(metric, model, reference))
            )
        return paired_difference(self.per_seed(metric, model, variant), self.per_seed(metric, model, reference))

    def level(self, model: str, variant: str) -> Estimate:
        """The primary outcome of a network, unscaled, for new trainings and new test images.

        Where the task gives no value per image, `interval` says that it is of trainings alone.
        """
        table = self.table(model, variant)
        if table is None:
            return self._of_trainings(self.over_trainings(model, variant))
        return self._without_some(crossed_mean(table), model, variant)

    def over_trainings(self, model: str, variant: str) -> Estimate:
        """The primary outcome of a network, unscaled, for new trainings on these very test images."""
        return seed_mean(self.per_seed(self.primary.test, model, variant))

    def _of_trainings(self, estimate: Estimate) -> Estimate:
        """With a warning where others of the profile are of test images too."""
        if not estimate.n or not self.crossed:
            return estimate
        return replace(estimate, warning=joined(estimate.warning, TRAININGS_ALONE))

    def table(self, model: str, variant: str) -> np.ndarray | None:
        """(S, n) the primary outcome of every seed and test image, unscaled; None if the task gives no such values."""
        return self.per_image.table(model, variant)

    def tables(self, model: str, variant: str, reference: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Both `table`s; None if either is, or if no image is common to them."""
        first, second = self.table(model, variant), self.table(model, reference)
        return None if first is None or second is None or first.shape != second.shape else (first, second)

    def logits(self, model: str, variant: str) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """As `Results.logits`, without the seeds that `level` leaves out: their answers may be of other images."""
        gone = self.per_image.left_out(model, variant)
        kept = {seed for seed, out in zip(self.plan.seeds, gone, strict=True) if not out}
        return {seed: found for seed, found in self.results.logits(model, variant).items() if seed in kept}

    def _without_some(self, estimate: Estimate, model: str, *variants: str) -> Estimate:
        """With a warning that names the seeds that any of the variants leaves out."""
        gone = np.any([self.per_image.left_out(model, variant) for variant in variants], axis=0)
        if not gone.any():
            return estimate
        seeds = ", ".join(str(seed) for seed, out in zip(self.plan.seeds, gone, strict=True) if out)
        return replace(estimate, warning=joined(estimate.warning, LEFT_OUT.format(seeds=seeds)))

    @property
    def crossed(self) -> bool:
        """Whether accuracy's intervals are of new test images too, and not of new trainings alone."""
        return any(self.table(model, ORIGINAL) is not None for model in self.models)

    @cached_property
    def per_image(self) -> PerImage:
        """What every network answers on every test image."""
        return PerImage(self.results)

    def payload(self, model: str, variant: str) -> float:
        """Bytes of payload, mean over seeds; NaN if none is packed."""
        return self.mean("payload_bytes", model, variant).value

    def has_results(self, model: str) -> bool:
        """Whether any method of a model was evaluated."""
        return any(self.level(model, variant.label).n for variant in self.plan.methods)

    def hole(self, model: str, variant: str, kind: str = "compress") -> str:
        """Why a variant has no result of that kind: the worst state among its cells; empty if all are done."""
        return self.results.hole(kind, model, variant)

    def judged_by(self, **terms: Any) -> Study:
        """The same measurements under other terms of the plan, e.g. `margins=`; what was measured is not read again."""
        plan = self.plan.model_copy(update=terms)
        other = Study(replace(self.results, plan=plan), withholds=self.withholds, _measurements=self._measurements)
        other.__dict__["per_image"] = self.per_image
        return other


_Memory = dict[Callable[[Study], Any], Any]  # results by what computed them


def judgement(compute: Callable[[Study], T]) -> Callable[[Study], T]:
    """Compute a function of a study once per study, and remember it on the study itself.

    `functools.cache` would keep every study of a process alive; here a judgement goes when its study does.
    """
    return _remembered(compute, lambda study: study._judgements)


def measurement(compute: Callable[[Study], T]) -> Callable[[Study], T]:
    """As `judgement`, for what rests on no term that `Study.judged_by` may change: all those studies share it."""
    return _remembered(compute, lambda study: study._measurements)


def _remembered(compute: Callable[[Study], T], memory: Callable[[Study], _Memory]) -> Callable[[Study], T]:
    @wraps(compute)
    def remembered(study: Study) -> T:
        kept = memory(study)
        if compute not in kept:
            kept[compute] = compute(study)
        result: T = kept[compute]
        return result

    return remembered
