"""What each diagnostic is: its settings and sources."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.study import Study
from bench.render.kit.prose import counted
from bench.render.kit.table import Column, Table, tabulate
from bench.runner.plan_file import PlannedLook


@dataclass(frozen=True)
class Asked:
    """A diagnostic as the profile asks for it."""

    study: Study
    name: str
    look: PlannedLook

    @property
    def settings(self) -> str:
        """Every setting, in words."""
        settings = self.look.settings.items()
        return ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in settings) or "none"

    @property
    def variants(self) -> str:
        """What it looks into, in words."""
        labels = self.look.variants
        if labels is None:
            return "every variant"
        if set(labels) >= {variant.label for variant in self.study.plan.methods}:
            return "every method"
        return "; ".join(self.study.plan.variant(label).title for label in labels)


COLUMNS: tuple[Column[Asked], ...] = (
    Column("title", "Diagnostic", "text", "As printed.", lambda row: row.look.title),
    Column("diagnostic", "Name", "code", "In the profile and in cells.",
           lambda row: row.name, shown=False, identifies=True),
    Column("settings", "Settings", "text", "Every setting it ran with.", lambda row: row.settings),
    Column("variants", "Looks into", "text", "Which variants; the original and the controls are seen beside each.",
           lambda row: row.variants),
    Column("sources", "Source", "citations", "Citation keys.", lambda row: " ".join(row.look.sources) or None),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if the profile asks for no diagnostic."""
    on = f" on each of {counted(len(study.models), 'network')}" if len(study.models) > 1 else ""
    return tabulate(
        "looks",
        "The diagnostics",
        f"Every diagnostic of this profile with its settings, and what it looks into{on}.",
        COLUMNS,
        {"": [Asked(study, name, look) for name, look in sorted(study.plan.diagnostics.items())]},
    )


def _plain(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)
