"""What each diagnostic is: its settings and sources."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions
from bench.runner.plan_file import PlannedLook

COLUMNS = (
    Column("title", "Diagnostic", "text", "As printed."),
    Column("diagnostic", "Name", "code", "In the profile and in cells.", shown=False),
    Column("settings", "Settings", "text", "Every setting it ran with."),
    Column("variants", "Looks into", "text", "Which variants; the original and the controls are seen beside each."),
    Column("sources", "Source", "citations", "Citation keys."),
)


def build(study: Study) -> Table | None:
    """The table; None where the profile asks for no diagnostic."""
    if not study.plan.diagnostics:
        return None
    return Table(
        "looks",
        "The diagnostics",
        captions.joined(
            "Every diagnostic of this profile, run on compressed networks beside the original and the controls, "
            "with all of its settings.",
            captions.version(study),
        ),
        COLUMNS,
        (Group("", tuple(_row(study, name, look) for name, look in sorted(study.plan.diagnostics.items()))),),
    )


def _row(study: Study, name: str, look: PlannedLook) -> Row:
    settings = ", ".join(f"{key.replace('_', ' ')} {_plain(value)}" for key, value in look.settings.items())
    sources = Datum(" ".join(look.sources)) if look.sources else Datum()
    return Row((Datum(look.title), Datum(name), Datum(settings or "none"), Datum(_asked(study, look)), sources))


def _asked(study: Study, look: PlannedLook) -> str:
    if look.variants is None:
        return "every variant"
    if set(look.variants) >= {variant.label for variant in study.plan.methods}:
        return "every method"
    return "; ".join(study.plan.variant(label).title for label in look.variants)


def _plain(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)
