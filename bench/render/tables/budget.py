"""The most accurate method under each of a few byte budgets."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.budget import Within, best_within, budgets
from bench.analysis.study import Study
from bench.render.kit.rows import MODEL
from bench.render.kit.table import Column, Datum, Group, Row, Table, estimate, number
from bench.render.text import captions
from bench.roles import ORIGINAL

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

    def names(labels: tuple[str, ...]) -> Datum:
        return Datum("; ".join(study.plan.variant(label).title for label in labels) or "none")

    best, least = found.best, next(iter(found.close), "")
    return Row(
        (
            Datum(model),
            Datum(budget),
            Datum(study.plan.variant(best).title),
            Datum(best),
            estimate(study.mean("test_accuracy", model, best), 100),
            number(payload(best), 1e-3),
            Datum(len(found.untold)),
            Datum(len(found.close)),
            Datum(study.plan.variant(least).title if least else None),
            number(payload(least) if least else None, 1e-3, hole="–"),
            names(found.untold),
            names(found.close),
        ),
        about=(("model", model), ("variant", best), ("family", study.plan.variant(best).family)),
    )


def _labels(study: Study) -> list[str]:
    return [variant.label for variant in study.plan.methods]
