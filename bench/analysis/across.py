"""All networks together: what a method does on average over the models, and how the models rank the methods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.study import Study, judgement
from bench.errors import InputError
from bench.roles import CONTROL
from bench.statistics.mixed import JointAnalysis, joint_analysis
from bench.statistics.rankings import Ranking, rank_methods


@dataclass(frozen=True)
class Across:
    """One outcome over all models.

    Attributes:
        key, title, unit, digits: of the outcome.
        joint: every method against the fine-tuned control; None where there is no control.
        ranking: of the methods, the larger the better; None where fewer than two methods can be ranked.
    """

    key: str
    title: str
    unit: str
    digits: int
    joint: JointAnalysis | None
    ranking: Ranking | None


@judgement
def across(study: Study) -> tuple[Across, ...]:
    """Top-1 and the inside's similarity; nothing for a single model."""
    if len(study.models) < 2 or not study.plan.methods:
        return ()
    feature = study.plan.features[0]
    return (
        _of(study, "accuracy", "Top-1", "points", 2, lambda model, variant: _accuracy(study, model, variant)),
        _of(
            study, "inside", f"CKA ({feature})", "CKA", 4,
            lambda model, variant: _inside(study, model, variant, feature),
        ),
    )  # fmt: skip


def _of(study: Study, key: str, title: str, unit: str, digits: int, values) -> Across:
    labels = [variant.label for variant in study.plan.methods]
    found = {(model, label): values(model, label) for model in study.models for label in (*labels, CONTROL)}
    rows = list(_rows(study, found))
    return Across(key, title, unit, digits, _joint(rows), _ranking(study, found, labels))


def _joint(rows: list[tuple[str, str, int, float]]) -> JointAnalysis | None:
    if not rows:
        return None
    models, methods, seeds, values = zip(*rows, strict=True)
    try:
        return joint_analysis(models, methods, seeds, np.array(values), reference=CONTROL)
    except InputError:  # the control is missing
        return None


def _ranking(study: Study, found: dict[tuple[str, str], np.ndarray], labels: list[str]) -> Ranking | None:
    means = {label: np.array([_mean(found[model, label]) for model in study.models]) for label in labels}
    there = {label: each for label, each in means.items() if np.isfinite(each).any()}
    return rank_methods(there, alpha=study.plan.alpha) if len(there) > 1 else None


def _rows(study: Study, found: dict[tuple[str, str], np.ndarray]) -> Iterator[tuple[str, str, int, float]]:
    for (model, label), values in found.items():
        for seed, value in zip(study.plan.seeds, values):
            if np.isfinite(value):
                yield model, label, seed, float(value)


def _accuracy(study: Study, model: str, variant: str) -> np.ndarray:
    return 100 * study.per_seed("test_accuracy", model, variant)


def _inside(study: Study, model: str, variant: str, feature: str) -> np.ndarray:
    own = study.insides.get((model, variant, feature))
    return own.mean_values if own is not None else np.full(study.seeds, np.nan)


def _mean(values: np.ndarray) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")
