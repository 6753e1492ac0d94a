"""What the user of the network notices: changed answers and changed confidence."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text import captions
from bench.roles import CONTROL, ORIGINAL

# By metric, which the runs of other versions may not hold: the columns that it fills.
COLUMNS: dict[str, tuple[Column[Network], ...]] = {
    "churn": (
        Column("churn", "Churn", "estimate", "Test images whose top-1 differs from the original's.",
               lambda net: net.mean("churn"), "%", 2, scale=100),
        Column("churn_beyond", "Less control", "estimate", "Churn less the fine-tuned control's, by seed.",
               lambda net: net.difference("churn", CONTROL), "points", 2, signed=True, scale=100),
    ),
    "jensen_shannon": (
        Column("jensen_shannon", "JS div.", "estimate", "Jensen-Shannon divergence, base 2.",
               lambda net: net.mean("jensen_shannon"), "bits", 3),
    ),
    "nll_difference": (
        Column("nll", "ΔNLL", "estimate", "Negative log-likelihood, less the original's.",
               lambda net: net.mean("nll_difference"), "nats", 3, signed=True),
    ),
    "brier_difference": (
        Column("brier", "ΔBrier", "estimate", "Brier score, less the original's.",
               lambda net: net.mean("brier_difference"), "", 3, signed=True),
    ),
    "ece_difference": (
        Column("ece", "ΔECE", "estimate", "Expected calibration error, less the original's.",
               lambda net: net.mean("ece_difference"), "points", 2, signed=True, scale=100),
    ),
}  # fmt: skip


def build(study: Study) -> Table | None:
    """The table, with the measures that the runs hold; None if they hold none."""
    columns = [column for metric, filled in COLUMNS.items() if metric in study.results.compared for column in filled]
    if not columns:
        return None
    return tabulate(
        "predictions",
        "Changed answers",
        captions.joined(
            "Predictions on all test images against the original's. Less control: what fine-tuning alone "
            "changes is taken off, paired by seed.",
            captions.means(study),
            "Descriptive: no tests.",
        ),
        (*NAMES, *columns),
        networks(study, [variant for variant in study.plan.variants if variant.label != ORIGINAL], "compare"),
    )
