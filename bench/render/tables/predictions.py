"""What the user of the network notices: changed answers and changed confidence."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.prose import listed
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Gotten, Table, tabulate
from bench.render.text import counts
from bench.roles import CONTROL, ORIGINAL
from bench.task import Change


def build(study: Study) -> Table | None:
    """The table, with the task's measures that the runs hold; None if they hold none."""
    if not study.changes:
        return None
    return tabulate(
        "predictions",
        "Changed predictions",
        "How predictions on the test images differ from the original's.",
        (*NAMES, *map(_column, study.changes)),
        networks(study, [variant for variant in study.plan.variants if variant.label != ORIGINAL], "compare"),
        notes=_smoothed(study),
        finding=counts.changed_answers(study),
        details=f"{_beyond(study)}No tests.",
    )


def _beyond(study: Study) -> str:
    if not any(change.beyond_control for change in study.changes):
        return "Means over seeds. "
    return "Beyond control: what fine-tuning alone changes is taken off, paired by seed. "


def _smoothed(study: Study) -> Iterator[str]:
    """Whose calibration error the recipe makes."""
    # Trained towards softened targets, a network is less sure than it is right: that is in the error of the original
    # before anything is compressed.
    by_share: dict[float, list[str]] = {}
    for network in study.plan.models:
        share = float((network.recipe or {}).get("label_smoothing") or 0)
        if share:
            by_share.setdefault(share, []).append(title_of(study, network.name))
    if "ece_difference" in (change.metric for change in study.changes):
        for share, names in by_share.items():
            yield (
                f"{listed(names, most=len(names))}: label smoothing of {share:g} makes the original less sure than it "
                "is right, so part of its calibration error comes from its recipe."
            )


def _column(change: Change) -> Column[Network]:
    def get(net: Network) -> Gotten:
        return net.difference(change.metric, CONTROL) if change.beyond_control else net.mean(change.metric)

    return Column(
        change.key, change.title, "estimate", change.describe, get, change.unit, change.digits, signed=change.signed,
        scale=change.scale,
    )  # fmt: skip
