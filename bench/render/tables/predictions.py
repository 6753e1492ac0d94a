"""What the user of the network notices: changed answers and changed confidence."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model
from bench.render.kit.table import Column, Datum, Table, estimate
from bench.render.text import captions
from bench.roles import CONTROL, ORIGINAL
from bench.runner.plan_file import PlannedVariant

CHURN = Column("churn", "Churn", "estimate", "Test images whose top-1 differs from the original's.", "%", 2)
BEYOND = Column(
    "churn_beyond", "Less control", "estimate", "Churn less the fine-tuned control's, by seed.", "points", 2, True
)
DIVERGENCE = Column("jensen_shannon", "JS div.", "estimate", "Jensen-Shannon divergence, base 2.", "bits", 3)
LIKELIHOOD = Column("nll", "ΔNLL", "estimate", "Negative log-likelihood, less the original's.", "nats", 3, True)
BRIER = Column("brier", "ΔBrier", "estimate", "Brier score, less the original's.", "", 3, True)
CALIBRATION = Column("ece", "ΔECE", "estimate", "Expected calibration error, less the original's.", "points", 2, True)
MEASURES = (
    ("churn", CHURN, 100),
    ("jensen_shannon", DIVERGENCE, 1),
    ("nll_difference", LIKELIHOOD, 1),
    ("brier_difference", BRIER, 1),
    ("ece_difference", CALIBRATION, 100),
)


def build(study: Study) -> Table | None:
    """The table, with the measures that the runs hold; None where they hold none."""
    there = [(metric, column, factor) for metric, column, factor in MEASURES if metric in study.results.compared]
    if not there:
        return None
    variants = [variant for variant in study.plan.variants if variant.label != ORIGINAL]
    return Table(
        "predictions",
        "Changed answers",
        captions.joined(
            "Predictions on all test images against the original's. Less control: what fine-tuning alone "
            "changes is taken off, paired by seed.",
            captions.seeds(study),
            captions.seed_interval(),
            "Descriptive: no tests.",
            captions.version(study),
        ),
        _columns(there),
        by_model(study, lambda model, variant: tuple(_cells(study, model, variant, there)), variants),
    )


def _columns(there: list[tuple[str, Column, int]]) -> tuple[Column, ...]:
    measures = [column for _, column, _ in there]
    if CHURN in measures:
        measures.insert(measures.index(CHURN) + 1, BEYOND)
    return (*NAMES, *measures)


def _cells(study: Study, model: str, variant: PlannedVariant, there: list[tuple[str, Column, int]]) -> Iterator[Datum]:
    label, hole = variant.label, study.hole(model, variant.label, "compare")
    for metric, column, factor in there:
        yield estimate(study.mean(metric, model, label), factor, hole=hole)
        if column is CHURN:
            beyond = study.difference("churn", model, label, CONTROL)
            yield Datum() if label == CONTROL else estimate(beyond, 100, hole=hole)
