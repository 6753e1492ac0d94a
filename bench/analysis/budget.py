"""Which methods lead: among all of a model, and among those that fit a budget of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.study import Study, judgement
from bench.roles import ORIGINAL
from bench.statistics.equivalence import assess_estimate
from bench.statistics.leading_set import LeadingSet, leading_set
from bench.statistics.multiplicity import holm

STEPS = (1, 2, 5)
HEADLINE_BUDGET = 100  # kB, where it lies between the smallest file and the original


@judgement
def leading(study: Study) -> dict[str, LeadingSet]:
    """By model: the methods whose top-1 cannot be told from the best method's."""
    return {
        model: leading_set(
            {variant.label: study.per_seed("test_accuracy", model, variant.label) for variant in study.plan.methods},
            alpha=study.plan.alpha,
            family="methods of a model",
        )
        for model in study.models
    }


def headline_budget(study: Study) -> float | None:
    """The report's payload (kB); by default a round one that some method meets and the original does not.

    That is 100 kB where it can be.
    """
    if study.plan.report.budget_kb is not None:
        return study.plan.report.budget_kb
    sizes = [
        study.mean("payload_bytes", model, variant.label).value
        for model in study.models
        for variant in study.plan.methods
    ]
    originals = [study.mean("payload_bytes", model, ORIGINAL).value for model in study.models]
    known, whole = [s for s in sizes if np.isfinite(s)], [s for s in originals if np.isfinite(s)]
    if not known:
        return None
    largest = max(whole or known)
    if max(min(known), 1) <= HEADLINE_BUDGET * 1e3 < largest:
        return HEADLINE_BUDGET
    middle = np.sqrt(min(known) * largest) / 1e3
    return min(budgets(known), key=lambda budget: abs(np.log(budget / middle)))


def budgets(sizes: list[float]) -> list[int]:
    """Round budgets (1, 2, 5 × 10^k kB) from the first that anything fits up to the first that everything fits.

    >>> budgets([3_900.0, 61_000.0])
    [5, 10, 20, 50, 100]
    """
    if not sizes:
        return []
    powers = range(0, int(np.ceil(np.log10(max(sizes)))) + 1)
    rounds = [step * 10**power for power in powers for step in STEPS]
    above = [budget for budget in rounds if budget * 1e3 >= min(sizes)]
    last = next((place for place, budget in enumerate(above) if budget * 1e3 >= max(sizes)), len(above) - 1)
    return above[: last + 1]


@dataclass(frozen=True)
class Within:
    """What fits a budget.

    Attributes:
        best: the most accurate; of equals the smallest.
        untold: the others that no method is shown to beat, the smallest first.
        close: the others that are shown to lose less than the margin to the best, the smallest first.
        untested: those that share too few seeds with the best.
        others: how many there are besides the best.
        seeds: of the best.
    """

    best: str
    untold: tuple[str, ...]
    close: tuple[str, ...]
    untested: tuple[str, ...]
    others: int
    seeds: int


def fitting(study: Study, model: str, limit: float) -> list[str]:
    """Methods of at most `limit` bytes, the smallest first."""
    sizes = {label: study.mean("payload_bytes", model, label).value for label in _labels(study)}
    return sorted((label for label, size in sizes.items() if size <= limit), key=sizes.__getitem__)


def best_within(study: Study, model: str, limit: float) -> Within | None:
    """What leads among the methods of at most `limit` bytes; None where none of them has an accuracy."""
    values = {label: study.per_seed("test_accuracy", model, label) for label in fitting(study, model, limit)}
    measured = {label: each for label, each in values.items() if np.isfinite(each).any()}
    if not measured:
        return None
    leaders = leading_set(measured, alpha=study.plan.alpha)
    untold = tuple(label for label in leaders.members if label != leaders.best)
    close = () if leaders.withheld else tuple(_close(study, model, leaders.best, measured))
    return Within(leaders.best, untold, close, leaders.untested, len(measured) - 1, leaders.n)


def _close(study: Study, model: str, best: str, labels: Iterable[str]) -> Iterator[str]:
    others = [label for label in labels if label != best]
    margin = study.plan.margins.accuracy / 100
    differences = (study.difference("test_accuracy", model, label, best) for label in others)
    loses_less = holm([assess_estimate(each, margin).p_lower for each in differences], alpha=study.plan.alpha)
    return (label for label, p in zip(others, loses_less.p, strict=True) if p <= study.plan.alpha)


def _labels(study: Study) -> list[str]:
    return [variant.label for variant in study.plan.methods]
