"""All networks together: what a method does on average over the models, and how the models rank the methods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.outcomes import Outcome, inside, primary
from bench.analysis.study import Study, judgement
from bench.errors import InputError
from bench.roles import CONTROL
from bench.statistics.mixed import JointAnalysis, joint_analysis
from bench.statistics.rankings import Ranking, rank_methods


@dataclass(frozen=True)
class Across:
    """One outcome over all models.

    Attributes:
        joint: every method against the fine-tuned control; None if there is no control.
        ranking: of the methods, the larger the better; None if fewer than two methods can be ranked.
    """

    outcome: Outcome
    joint: JointAnalysis | None
    ranking: Ranking | None

    @property
    def title(self) -> str:
        """What is compared."""
        return self.outcome.quantity


@judgement
def across(study: Study) -> tuple[Across, ...]:
    """The task's primary outcome and the inside's similarity; empty for a single model."""
    if len(study.models) < 2 or not study.plan.methods:
        return ()
    return tuple(_across(study, outcome) for outcome in (primary(study), inside(study)))


def _across(study: Study, outcome: Outcome) -> Across:
    # Levels and not differences go into the joint model: it takes the control as a method of its own and estimates
    # every method's contrast to it, with a random intercept for each trained network.
    labels = [variant.label for variant in study.plan.methods]
    levels = {
        (model, label): outcome.values(study, model, label) for model in study.models for label in (*labels, CONTROL)
    }
    means = {label: np.array([_mean(levels[model, label]) for model in study.models]) for label in labels}
    ranked = {label: by_model for label, by_model in means.items() if np.isfinite(by_model).any()}
    ranking = rank_methods(ranked, alpha=study.plan.alpha) if len(ranked) > 1 else None
    return Across(outcome, _joint(study, levels), ranking)


def _joint(study: Study, levels: dict[tuple[str, str], np.ndarray]) -> JointAnalysis | None:
    rows = [
        (model, label, seed, value)
        for (model, label), values in levels.items()
        for seed, value in zip(study.plan.seeds, values.tolist())
        if np.isfinite(value)
    ]
    if not rows:
        return None
    models, methods, seeds, values = zip(*rows, strict=True)
    try:
        return joint_analysis(models, methods, seeds, np.array(values), reference=CONTROL)
    except InputError:  # the control is missing
        return None


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
