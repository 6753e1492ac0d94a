"""The primary metric of each class beside the reference's, of tasks that have one of classes.

Classifiers' classes are compared by recall, see `bench.analysis.recalls`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench import guests
from bench.analysis.reference import reference
from bench.analysis.study import Study, judgement, measurement
from bench.diagnose.answers.class_effects import ClassEffects, of_means
from bench.roles import ORIGINAL
from bench.statistics.equivalence import withheld


@dataclass(frozen=True)
class ClassTables:
    """What one network reaches in each class.

    Attributes:
        classes: labels of the classes that test images have, in order.
        table: (C, S, n) float32 by class, seed and test image, unscaled; the mean over images is the class's part of
            the primary metric. NaN for a seed without predictions.
    """

    classes: tuple[int, ...]
    table: np.ndarray


@dataclass(frozen=True)
class ClassScores:
    """One network's classes.

    Attributes:
        classes: labels, in order.
        reference: label of the variant that it is compared with.
        seeds: that have predictions of both.
        levels: (C,) its own, mean over these seeds, unscaled.
        effects: less the reference's, in the order of `classes`, unscaled.
    """

    classes: tuple[int, ...]
    reference: str
    seeds: int
    levels: np.ndarray
    effects: ClassEffects

    @property
    def worst(self) -> int | None:
        """Place of the class that loses the most; None if no class loses."""
        values = np.array([estimate.value for estimate in self.effects.estimates])
        return int(values.argmin()) if len(values) and values.min() < 0 else None

    @property
    def changed(self) -> int | None:
        """Number of classes that differ from the reference's, after correction; None with too few seeds to say so."""
        if withheld(self.seeds, self.effects.corrected.alpha) or not np.isfinite(self.effects.corrected.p).any():
            return None
        return int(np.sum(self.effects.corrected.rejected))


@measurement
def class_tables(study: Study) -> dict[tuple[str, str], ClassTables]:
    """By (model, variant) of the plan, where the task says what its classes reach."""
    if study.plan.task.classifies or study.per_image.task is None:
        return {}
    found = {}
    for model in study.models:
        for variant in study.plan.variants:
            if table := _table(study, model, variant.label):
                found[model, variant.label] = table
    return found


def _table(study: Study, model: str, variant: str) -> ClassTables | None:
    task, by_seed = study.per_image.task, {}
    left_out = study.per_image.left_out(model, variant)
    for place, seed in enumerate(study.plan.seeds):
        predictions = study.results.predictions(model, variant, seed)
        if task is None or predictions is None or left_out[place]:
            continue
        with guests.blamed(task, f"task {study.plan.task.name!r}, what it says of single classes"):
            parts = task.per_class(predictions, predictions)
            if parts:
                classes = tuple(sorted(parts))
                by_seed[place] = classes, np.array([parts[label] for label in classes], np.float32)
    # Networks of other images have other classes, and cannot be stacked.
    first = next(iter(by_seed.values()), None)
    if first is None or first[1].ndim != 2:
        return None
    classes, shape = first[0], first[1].shape
    table = np.full((len(classes), len(study.plan.seeds), shape[1]), np.nan, np.float32)
    for place, (labels, rows) in by_seed.items():
        if labels == classes and rows.shape == shape:
            table[:, place] = rows
    return ClassTables(classes, table)


@judgement
def class_scores(study: Study) -> dict[tuple[str, str], ClassScores]:
    """By (model, variant), of every variant but the original with a reference that says the same of its classes."""
    found = {}
    for model, label in class_tables(study):
        if label != ORIGINAL and (scores := _scores(study, model, label)):
            found[model, label] = scores
    return found


def _scores(study: Study, model: str, label: str) -> ClassScores | None:
    other = reference(study, model, label).label
    own, beside = class_tables(study)[model, label], class_tables(study).get((model, other or ""))
    if other is None or beside is None or own.classes != beside.classes or own.table.shape != beside.table.shape:
        return None
    # Classes are paired by seed and image, so that a seed counts only if both networks have predictions.
    shared = np.isfinite(own.table).all(axis=(0, 2)) & np.isfinite(beside.table).all(axis=(0, 2))
    if not shared.any():
        return None
    mine, its = (tables.table[:, shared].astype(np.float64) for tables in (own, beside))
    effects = of_means(
        list(zip(mine, its, strict=True)), estimand=f"difference in {study.primary.noun}", alpha=study.plan.alpha
    )
    return ClassScores(own.classes, other, int(shared.sum()), mine.mean(axis=(1, 2)), effects)
