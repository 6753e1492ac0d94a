"""What the user of the network notices: changed answers and changed confidence."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Gotten, Table, tabulate
from bench.render.text import captions
from bench.roles import CONTROL, ORIGINAL
from bench.task import Change


def build(study: Study) -> Table | None:
    """The table, with the task's measures that the runs hold; None if they hold none."""
    if not study.changes:
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
        (*NAMES, *map(_column, study.changes)),
        networks(study, [variant for variant in study.plan.variants if variant.label != ORIGINAL], "compare"),
    )


def _column(change: Change) -> Column[Network]:
    def get(net: Network) -> Gotten:
        return net.difference(change.metric, CONTROL) if change.beyond_control else net.mean(change.metric)

    return Column(
        change.key, change.title, "estimate", change.describe, get, change.unit, change.digits, signed=change.signed,
        scale=change.scale,
    )  # fmt: skip
