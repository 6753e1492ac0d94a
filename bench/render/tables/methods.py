"""What each variant is: its methods, settings and sources."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant

COLUMNS = (
    Column("title", "Variant", "text", "As printed."),
    Column("variant", "Label", "code", "Name in files and on the command line.", shown=False),
    Column("family", "Family", "text", "Group of methods; the colour and marker in figures."),
    Column("stages", "Settings", "text", "Each stage with every setting it ran with, and the version of its code."),
    Column("finetunes", "Trains", "text", "Whether it trains on after compressing."),
    Column("sources", "Source", "citations", "Citation keys."),
)


def build(study: Study) -> Table:
    """The table: methods, then controls."""
    methods = tuple(_row(variant) for variant in study.plan.methods)
    controls = tuple(_row(variant) for variant in study.plan.variants if variant.control)
    groups = (Group("Methods", methods), Group("Original and controls", controls))
    return Table(
        "methods",
        "The variants",
        captions.joined(
            "Every variant of this profile, with all of its settings and the version of its code.",
            captions.version(study),
        ),
        COLUMNS,
        tuple(group for group in groups if group.rows),
    )


def _row(variant: PlannedVariant) -> Row:
    stages = " + ".join(
        f"{stage.method} v{stage.version}"
        + (
            f" ({', '.join(f'{name} {_plain(value)}' for name, value in stage.settings.items())})"
            if stage.settings
            else ""
        )
        for stage in variant.stages
    )
    role = "original" if variant.label == ORIGINAL else "control" if variant.control else "method"
    return Row(
        (
            Datum(variant.title),
            Datum(variant.label),
            Datum(variant.family),
            Datum(stages),
            Datum("yes" if variant.finetunes else "no"),
            Datum(" ".join(variant.sources)) if variant.sources else Datum(),
        ),
        role,  # type: ignore[arg-type]
        (("variant", variant.label), ("family", variant.family)),
    )


def _plain(value: object) -> str:
    return ("-".join(map(str, value)) or "none") if isinstance(value, list) else str(value)
