"""Which method is chosen, on validation images, so that its test accuracy is that of a method chosen without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.analysis.study import Study, judgement
from bench.roles import ORIGINAL
from bench.statistics.arrays import ROUNDING
from bench.statistics.estimate import Estimate
from bench.statistics.simultaneous import highest_of

By = Literal["validation", "test"]
DRAWS, BLOCK = 1000, 100  # of validation images, all at once and in memory at a time


@dataclass(frozen=True)
class Choice:
    """A method and how it was chosen.

    Attributes:
        label: of the method.
        by: on validation images; on test images where some method has no validation figure.
        among: methods it was chosen from, itself included.
        changes: share of draws of other validation images with which another would have been chosen; NaN if unknown.
        highest: whether it is the one with the highest mean, and not the smallest that keeps enough.
    """

    label: str
    by: By
    among: int
    changes: float = float("nan")
    highest: bool = True


# The highest of M means on the very images that are reported is a lucky one: of 22 equal methods, 0.35 points too high
# on 599 images, and its interval covers 0.74. Chosen on other images, the method's own test mean has neither fault.
def most_accurate(study: Study, model: str, labels: Sequence[str]) -> Choice | None:
    """The method with the highest mean validation accuracy, of equals the smallest; None if no method was evaluated.

    A method with less than half as many seeds as the fullest is not chosen, or one lucky seed would be.
    """
    return _chosen(study, model, _full(study, model, labels), _highest)


def smallest_keeping(study: Study, model: str, labels: Sequence[str]) -> Choice | None:
    """The smallest method whose mean validation accuracy is at most the margin below the original's, or None.

    By test accuracy where there are no validation figures.
    """
    return _chosen(study, model, _full(study, model, labels), _first_within, beside=ORIGINAL, highest=False)


def smallest_above(study: Study, model: str, labels: Sequence[str], floor: float) -> Choice | None:
    """The smallest method whose mean validation accuracy is at least a floor, or None; see `smallest_keeping`.

    Args:
        floor: unscaled.
    """

    def above(means: np.ndarray, margin: float) -> np.ndarray:
        return _first_of(means >= floor - ROUNDING * abs(floor))

    return _chosen(study, model, _full(study, model, labels), above, highest=False)


def chosen_level(study: Study, model: str, choice: Choice) -> Estimate:
    """The chosen method's primary outcome on the test images, unscaled."""
    return _of_choice(study.level(model, choice.label), choice)


def chosen_difference(study: Study, model: str, choice: Choice) -> Estimate:
    """The chosen method's, less the original's, paired, unscaled."""
    return _of_choice(study.difference(study.primary.test, model, choice.label, ORIGINAL), choice)


def choosing_levels(study: Study, model: str) -> dict[str, float]:
    """By variant, the mean that methods are chosen by, unscaled; NaN for a variant without a result."""
    labels = [variant.label for variant in study.plan.variants]
    by = _by(study, model, [variant.label for variant in study.plan.methods])
    metric = study.primary.validation if by == "validation" else study.primary.test
    return {label: _mean(study.per_seed(metric, model, label)) for label in labels}


def chosen_on(study: Study) -> str:
    """The images that a profile's methods are chosen on, in words."""
    labels = [variant.label for variant in study.plan.methods]
    if all(_by(study, model, labels) == "validation" for model in study.models):
        return "validation images"
    lacking = not any(
        np.isfinite(study.per_seed(study.primary.validation, model, label)).any()
        for model in study.models
        for label in labels
    )
    return (
        "test images, as validation images are missing" if lacking else "validation images, or test images if missing"
    )


def largest_payload(study: Study, model: str, label: str) -> float:
    """Bytes of the largest file over seeds; NaN if none is packed. A method fits a budget if this does."""
    sizes = study.per_seed("payload_bytes", model, label)
    return float(np.nanmax(sizes)) if np.isfinite(sizes).any() else float("nan")


def _of_choice(estimate: Estimate, choice: Choice) -> Estimate:
    return highest_of(estimate, choice.among) if choice.by == "test" else estimate


def _full(study: Study, model: str, labels: Sequence[str]) -> list[str]:
    """Methods with a test result of enough seeds, the smallest first; those of unknown size last."""
    counts = {label: int(np.isfinite(study.per_seed(study.primary.test, model, label)).sum()) for label in labels}
    most = max(counts.values(), default=0)
    enough = [
        label for label in labels if counts[label] and 2 * counts[label] >= most and counts[label] >= min(most, 2)
    ]
    sizes = {label: largest_payload(study, model, label) for label in enough}
    return sorted(enough, key=lambda label: sizes[label] if np.isfinite(sizes[label]) else np.inf)


Rule = Callable[[np.ndarray, float], np.ndarray]


# A rule takes (M, R) means of methods, the smallest first, with what they stand beside as the last row if anything, and
# gives the (R,) places that it chooses; -1 where it chooses none. Means that differ by rounding alone are equal.
def _highest(means: np.ndarray, margin: float) -> np.ndarray:
    best = means.max(axis=0)
    return (means >= best - ROUNDING * np.abs(best)).argmax(axis=0)


def _first_within(means: np.ndarray, margin: float) -> np.ndarray:
    methods, original = means[:-1], means[-1]
    return _first_of(methods >= original - margin - ROUNDING * np.abs(original))


def _first_of(fit: np.ndarray) -> np.ndarray:
    return np.where(fit.any(axis=0), fit.argmax(axis=0), -1)


def _chosen(
    study: Study, model: str, labels: Sequence[str], rule: Rule, beside: str = "", *, highest: bool = True
) -> Choice | None:
    everyone = [*labels, *([beside] if beside else [])]
    by = _by(study, model, everyone)
    metric = study.primary.validation if by == "validation" else study.primary.test
    levels = np.array([_mean(study.per_seed(metric, model, label)) for label in everyone])
    if not labels or not np.isfinite(levels).all():
        return None
    margin = study.plan.margins.accuracy / study.primary.scale
    place = int(rule(levels[:, None], margin)[0])
    drawn = _drawn(study)[model] if by == "validation" else {}
    changes = float("nan")
    if all(label in drawn for label in everyone):
        changes = float((rule(np.stack([drawn[label] for label in everyone]), margin) != place).mean())
    return Choice(labels[place], by, len(labels), changes, highest) if place >= 0 else None


def _by(study: Study, model: str, labels: Sequence[str]) -> By:
    """On validation images if every method has a figure on them for each seed with a result."""
    for label in labels:
        tested, validated = (
            np.isfinite(study.per_seed(metric, model, label))
            for metric in (study.primary.test, study.primary.validation)
        )
        if (tested & ~validated).any():
            return "test"
    return "validation"


@judgement
def _drawn(study: Study) -> dict[str, dict[str, np.ndarray]]:
    """By model and variant: (DRAWS,) mean validation figures, on validation images drawn again, the same for all."""
    # Images are drawn with replacement from those that there are; trainings stay as they are, since the question is
    # what the choice owes to these images. The draws are the same for all methods, which saw the same images.
    drawn: dict[str, dict[str, np.ndarray]] = {}
    for model in study.models:
        labels = [*(variant.label for variant in study.plan.methods), ORIGINAL]
        tables = {label: study.per_image.validation(model, label) for label in labels}
        rows = {label: np.nanmean(table, axis=0) for label, table in tables.items() if table is not None}
        images = {len(row) for row in rows.values()}
        drawn[model] = {}
        if len(images) == 1:
            means = _on_others(np.stack(list(rows.values())), np.random.default_rng(0))
            drawn[model] = dict(zip(rows, means, strict=True))
    return drawn


def _on_others(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(M, DRAWS) means of (M, n) rows over n images drawn with replacement."""
    n = rows.shape[1]
    counts = (rng.multinomial(n, np.full(n, 1 / n), BLOCK) for _ in range(DRAWS // BLOCK))
    return np.concatenate([rows @ drawn.T / n for drawn in counts], axis=1)


def _mean(by_seed: np.ndarray) -> float:
    finite = by_seed[np.isfinite(by_seed)]
    return float(finite.mean()) if len(finite) else float("nan")
