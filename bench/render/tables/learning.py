"""Learning curves epoch by epoch, for the data files."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions


def build(study: Study) -> Table | None:
    """One row an epoch of a training or fine-tuning; None where there is none."""
    history = study.results.history
    if history.empty:
        return None
    names = ["model", "seed", "variant", "kind", "epoch"]
    metrics = sorted(set(history.columns) - {*names, "key"})
    columns = (
        *(Column(name, name, "text", "Which network and epoch.") for name in names),
        *(Column(name, name, "number", "At the end of the epoch.", digits=6) for name in metrics),
    )
    rows = tuple(
        Row(tuple(Datum(None if value != value else value) for value in values))
        for values in history[[*names, *metrics]].itertuples(index=False)
    )
    return Table(
        "learning",
        "Learning curves",
        captions.joined("One row an epoch.", captions.version(study)),
        columns,
        (Group("", rows),),
        raw=True,
    )
