"""Where the numbers come from: versions, machines, data, seeds, commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.analysis.study import Study
from bench.render.kit.table import Column, Table, tabulate


@dataclass(frozen=True)
class Fact:
    """A name, and what the cells recorded under it."""

    what: str
    value: str


COLUMNS: tuple[Column[Fact], ...] = (
    Column("what", "What", "text", "Name of the fact.", lambda fact: fact.what, identifies=True),
    Column("value", "Value", "text", "As recorded with the cells; several where the cells differ.",
           lambda fact: fact.value),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: the experiment, then what ran it."""
    return tabulate(
        "provenance",
        "Provenance",
        "As recorded by the cells themselves when they ran.",
        COLUMNS,
        {"Experiment": _experiment(study), "Execution": _execution(study)},
    )


def _experiment(study: Study) -> Iterator[Fact]:
    plan = study.plan
    yield Fact("Profile", plan.name)
    yield Fact("Command", plan.reproduction)
    yield Fact("Data", f"{plan.data.title or plan.data.source} ({len(plan.data.real_classes)} classes)")
    yield Fact("Images", ", ".join(f"{count} {split}" for split, count in plan.data.counts.items()) or "not recorded")
    for notice in plan.data.notices:
        yield Fact("Images were changed", notice)
    yield Fact("Data fingerprint", plan.data.fingerprint or "not recorded")
    yield Fact("Seeds", ", ".join(map(str, plan.seeds)))
    yield Fact("Threads a cell", str(plan.threads))
    yield Fact("Cells", f"{study.results.count('done')} of {len(study.results.cells)} done")
    if study.results.strangers:
        yield Fact("Left out", f"{study.results.strangers} cells in the folder that this plan does not name")


def _execution(study: Study) -> Iterator[Fact]:
    provenance = study.results.provenance
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
        yield Fact(title, study.results.distinct(field))
    for field in sorted(column for column in provenance.columns if column.startswith("versions.")):
        yield Fact(f"Version of {field.removeprefix('versions.')}", study.results.distinct(field))
    started = sorted(map(str, provenance["started"].dropna())) if "started" in provenance else []
    yield Fact("First and last cell", f"{started[0]} to {started[-1]}" if started else "not recorded")
