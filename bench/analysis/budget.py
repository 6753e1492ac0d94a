"""Which methods lead: among all of a model, and among those that fit a budget of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.analysis.choice import (
    Choice,
    chosen_difference,
    chosen_level,
    largest_payload,
    most_accurate,
    smallest_keeping,
)
from bench.analysis.claims import nothing_to_lose
from bench.analysis.study import Study, judgement
from bench.statistics.equivalence import assess_estimate
from bench.statistics.estimate import Estimate
from bench.statistics.leading_set import LeadingSet, Pairs, compared, leading_set
from bench.statistics.multiplicity import holm

STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Within:
    """What fits a budget.

    Attributes:
        choice: the most accurate on validation images; of equals the smallest.
        smallest: the smallest whose validation accuracy is at most the margin below the original's, or None.
        level, difference: the choice's on test images, and its less the original's, unscaled; where it was chosen on
            test images, with simultaneous intervals.
        undecided: the others that no method is shown to beat, the smallest first.
        close: the others that are shown to lose less than the margin to the best, the smallest first.
        untested: those that share too few seeds with the best.
        others: number of methods besides the best.
        seeds: of the best.
        silent: why no two can be told apart: "seeds" if there are too few, "chance" if the original is not shown to
            beat it. All others are undecided then. Else empty.
    """

    choice: Choice
    smallest: Choice | None
    level: Estimate
    difference: Estimate
    undecided: tuple[str, ...]
    close: tuple[str, ...]
    untested: tuple[str, ...]
    others: int
    seeds: int
    silent: Literal["", "seeds", "chance"] = ""

    @property
    def best(self) -> str:
        """Label of the choice."""
        return self.choice.label


@judgement
def leading(study: Study) -> dict[str, LeadingSet]:
    """By model: the methods that no other is shown to beat, led by the one that is chosen on validation images."""
    labels = [variant.label for variant in study.plan.methods]
    return {model: _leading(study, model, labels, "methods of a network") for model in study.models}


def _leading(study: Study, model: str, labels: Sequence[str], family: str = "", chosen: str = "") -> LeadingSet:
    choice = None if chosen else most_accurate(study, model, labels)
    return leading_set(
        {label: study.per_seed(study.primary.test, model, label) for label in labels},
        chosen=choice.label if choice else chosen,
        pairs=_pairs(study)[model],
        alpha=study.plan.alpha,
        family=family,
    )


@judgement
def _pairs(study: Study) -> dict[str, Pairs]:
    """By model: the tests of all pairs of methods, with test images crossed where every method has them."""
    labels, pairs = [variant.label for variant in study.plan.methods], {}
    for model in study.models:
        values = {label: study.per_seed(study.primary.test, model, label) for label in labels}
        tested = {label: by_seed for label, by_seed in values.items() if np.isfinite(by_seed).any()}
        tables = {label: table for label in tested if (table := study.table(model, label)) is not None}
        crossed = len(tables) == len(tested) and len({table.shape for table in tables.values()}) == 1
        images = next((table.shape[1] for table in tables.values()), 0)
        for label in values.keys() - tested.keys():
            tables[label] = np.full((study.seeds, images), np.nan)
        pairs[model] = compared(values, tables if crossed else None)
    return pairs


def budgets(sizes: Sequence[float]) -> list[int]:
    """Round budgets (1, 2, 5 × 10^k kB) from the first that anything fits up to the first that everything fits.

    >>> budgets([3_900.0, 61_000.0])
    [5, 10, 20, 50, 100]

    Args:
        sizes: bytes.
    """
    if not sizes:
        return []
    powers = range(0, int(np.ceil(np.log10(max(sizes)))) + 1)
    rounds = [step * 10**power for power in powers for step in STEPS]
    useful = [budget for budget in rounds if budget * 1e3 >= min(sizes)]
    last = next((index for index, budget in enumerate(useful) if budget * 1e3 >= max(sizes)), len(useful) - 1)
    return useful[: last + 1]


def fitting(study: Study, model: str, limit: float) -> list[str]:
    """Methods whose largest file over seeds has at most `limit` bytes, the smallest first."""
    sizes = {variant.label: largest_payload(study, model, variant.label) for variant in study.plan.methods}
    return sorted((label for label, size in sizes.items() if size <= limit), key=sizes.__getitem__)


def best_within(study: Study, model: str, limit: float) -> Within | None:
    """What leads among the methods of at most `limit` bytes; None if none of them was evaluated."""
    metric = study.primary.test
    fit = [label for label in fitting(study, model, limit) if np.isfinite(study.per_seed(metric, model, label)).any()]
    choice = most_accurate(study, model, fit)
    if choice is None:
        return None
    rest = rivals(study, model, choice.label, fit)
    others = [label for label in fit if label != choice.label]
    return Within(
        choice=choice,
        smallest=smallest_keeping(study, model, fit),
        level=chosen_level(study, model, choice),
        difference=chosen_difference(study, model, choice),
        undecided=rest.undecided,
        close=() if rest.silent else _close(study, model, choice.label, others),
        untested=rest.untested,
        others=len(others),
        seeds=rest.seeds,
        silent=rest.silent,
    )


@dataclass(frozen=True)
class Rivals:
    """What is known of a chosen method's rivals; for the fields see `Within`."""

    undecided: tuple[str, ...]
    untested: tuple[str, ...]
    seeds: int
    silent: Literal["", "seeds", "chance"] = ""


def rivals(study: Study, model: str, best: str, labels: Sequence[str]) -> Rivals:
    """Which methods may be as good as one that was chosen among them, in the order of `labels`."""
    leaders = _leading(study, model, labels, chosen=best)
    silent = _silent(study, model, leaders)
    others = [label for label in labels if label != best and label not in leaders.untested]
    undecided = others if silent else [label for label in others if label in leaders.members]
    return Rivals(tuple(undecided), leaders.untested, leaders.n, silent)


def _silent(study: Study, model: str, leaders: LeadingSet) -> Literal["", "seeds", "chance"]:
    if leaders.withheld and study.withholds:
        return "seeds"
    return "chance" if model in nothing_to_lose(study) else ""


def _close(study: Study, model: str, best: str, others: Sequence[str]) -> tuple[str, ...]:
    """Methods that are shown not to be inferior to the best by the margin."""
    # "Not shown to be worse" would grow with the noise, so a smaller file is recommended only if it is shown to lose
    # less than the margin: the lower of the two one-sided tests of equivalence, Holm over all others.
    margin = study.plan.margins.accuracy / study.primary.scale
    differences = (study.difference(study.primary.test, model, label, best) for label in others)
    tested = holm([assess_estimate(lost, margin).p_lower for lost in differences], alpha=study.plan.alpha)
    return tuple(label for label, p in zip(others, tested.p, strict=True) if p <= study.plan.alpha)
