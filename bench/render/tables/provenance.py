"""Where the numbers come from: versions, machines, data, seeds, commands."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.provenance import distinct
from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions

COLUMNS = (
    Column("what", "What", "text", "Name of the fact."),
    Column("value", "Value", "text", "As recorded with the cells; several where the cells differ."),
)


def build(study: Study) -> Table:
    """The table: the experiment, then what ran it."""
    return Table(
        "provenance",
        "Provenance",
        captions.joined("As recorded by the cells themselves when they ran.", captions.version(study)),
        COLUMNS,
        (Group("Experiment", tuple(_rows(_experiment(study)))), Group("Execution", tuple(_rows(_execution(study))))),
    )


def _rows(facts: Iterator[tuple[str, str]]) -> Iterator[Row]:
    return (Row((Datum(what), Datum(value))) for what, value in facts)


def _experiment(study: Study) -> Iterator[tuple[str, str]]:
    plan = study.plan
    yield "Profile", plan.name
    yield "Command", plan.reproduction
    yield "Data", f"{plan.data.title or plan.data.source} ({len(plan.data.classes)} classes)"
    yield "Images", ", ".join(f"{count} {split}" for split, count in plan.data.counts.items()) or "not recorded"
    yield "Data fingerprint", plan.data.fingerprint or "not recorded"
    yield "Seeds", ", ".join(map(str, plan.seeds))
    yield "Threads a cell", str(plan.threads)
    yield "Cells", f"{study.results.count('done')} of {len(study.results.cells)} done"
    if study.results.strangers:
        yield "Left out", f"{study.results.strangers} cells in the folder that this plan does not name"


def _execution(study: Study) -> Iterator[tuple[str, str]]:
    found = study.results.provenance
    named = {
        "commit": "Commit",
        "dirty": "Changes not committed",
        "device": "Device",
        "processor": "Processor",
        "cores": "Cores",
        "host": "Host",
        "platform": "Platform",
    }
    for field, title in named.items():
        yield title, distinct(study, field)
    for field in sorted(column for column in found.columns if column.startswith("versions.")):
        yield f"Version of {field.removeprefix('versions.')}", distinct(study, field)
    started = sorted(map(str, found["started"].dropna())) if "started" in found else []
    yield "First and last cell", f"{started[0]} to {started[-1]}" if started else "not recorded"
