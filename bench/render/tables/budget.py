"""The most accurate method under each of a few byte budgets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.study import Study
from bench.render.kit.rows import MODEL
from bench.render.kit.table import Cell, Column, Group, Row, Table, estimate, number
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.statistics.equivalence import assess_estimate
from bench.statistics.leading_set import leading_set
from bench.statistics.multiplicity import holm

STEPS = (1, 2, 5)

COLUMNS = (
    MODEL,
    Column("budget", "Budget", "number", "Largest payload allowed.", "kB"),
    Column("best", "Most accurate method", "text", "The method with the highest mean top-1 within the budget."),
    Column("label", "Label", "code", "Its name in files.", shown=False),
    Column("top1", "Top-1", "estimate", "Its test accuracy.", "%", 2),
    Column("payload", "Payload", "number", "Its payload, mean over seeds.", "kB", 1),
    Column("untold", "Not told from it", "number", "Methods within the budget that are not shown to be less accurate."),
    Column("close", "Lose little", "number", "Methods within the budget that are shown to lose less than the margin."),
    Column("smallest", "The smallest of these", "text", "Of those that lose little: smallest payload."),
    Column("smallest_payload", "Its payload", "number", "Mean over seeds.", "kB", 1),
    Column("untold_names", "Not told from it", "text", "Their names, the smallest first.", shown=False),
    Column("close_names", "Lose little", "text", "Their names, the smallest first.", shown=False),
)


def build(study: Study) -> Table | None:
    """The table; None where nothing was compressed."""
    groups = tuple(Group(model, tuple(_rows(study, model))) for model in study.models)
    groups = tuple(group for group in groups if group.rows)
    if not groups:
        return None
    return Table(
        "budget",
        "The best under a budget",
        captions.joined(
            "For each payload budget, the method with the highest mean top-1 that fits; how many others cannot be told "
            "from it, no method within the budget being shown to be better than they are (one-sided paired t over "
            f"seeds, Holm over all others, alpha {study.plan.alpha:g}, Hsu 1981); how many are shown to lose less than "
            f"{study.plan.margins.accuracy:g} points to it (one-sided paired t against that margin, Holm over all "
            "others), and the smallest of these. Budgets at which nothing changes are left out.",
            captions.seeds(study),
            captions.seed_interval(),
            captions.version(study),
        ),
        COLUMNS,
        groups,
    )


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
    leading = leading_set(measured, alpha=study.plan.alpha)
    untold = tuple(label for label in leading.members if label != leading.best)
    close = () if leading.withheld else tuple(_close(study, model, leading.best, measured))
    return Within(leading.best, untold, close, leading.untested, len(measured) - 1, leading.n)


def _close(study: Study, model: str, best: str, labels: Iterable[str]) -> Iterator[str]:
    others = [label for label in labels if label != best]
    margin = study.plan.margins.accuracy / 100
    differences = (study.difference("test_accuracy", model, label, best) for label in others)
    loses_less = holm([assess_estimate(each, margin).p_lower for each in differences], alpha=study.plan.alpha)
    return (label for label, p in zip(others, loses_less.p, strict=True) if p <= study.plan.alpha)


def _rows(study: Study, model: str) -> Iterator[Row]:
    known = [study.mean("payload_bytes", model, label) for label in (*_labels(study), ORIGINAL)]
    previous = None
    for budget in budgets([each.value for each in known if each.n]):
        found = best_within(study, model, budget * 1e3)
        if found is None or (found.best, found.untold, found.close) == previous:
            continue
        previous = found.best, found.untold, found.close
        yield _row(study, model, budget, found)


def _row(study: Study, model: str, budget: int, found: Within) -> Row:
    def payload(label: str) -> float:
        return study.mean("payload_bytes", model, label).value

    def names(labels: tuple[str, ...]) -> Cell:
        return Cell("; ".join(study.plan.variant(label).title for label in labels) or "none")

    best, least = found.best, next(iter(found.close), "")
    return Row(
        (
            Cell(model),
            Cell(budget),
            Cell(study.plan.variant(best).title),
            Cell(best),
            estimate(study.mean("test_accuracy", model, best), 100),
            number(payload(best), 1e-3),
            Cell(len(found.untold)),
            Cell(len(found.close)),
            Cell(study.plan.variant(least).title if least else None),
            number(payload(least) if least else None, 1e-3, hole="–"),
            names(found.untold),
            names(found.close),
        ),
        about=(("model", model), ("variant", best), ("family", study.plan.variant(best).family)),
    )


def _labels(study: Study) -> list[str]:
    return [variant.label for variant in study.plan.methods]
