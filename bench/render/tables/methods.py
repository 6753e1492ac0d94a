"""What each variant is: its methods, settings and sources."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.study import Study
from bench.render.kit.rows import Role, role_of
from bench.render.kit.table import Column, Table, tabulate
from bench.runner.plan_file import PlannedVariant


@dataclass(frozen=True)
class Listed:
    """A variant in the list of all variants, for all models."""

    variant: PlannedVariant

    @property
    def role(self) -> Role:
        """Sets the original and the controls apart."""
        return role_of(self.variant)

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Names the variant for scripts."""
        return (("variant", self.variant.label), ("family", self.variant.family))

    @property
    def stages(self) -> str:
        """The methods in order, with every setting."""
        return " + ".join(
            f"{stage.method} v{stage.version}" + (f" ({_words(stage.settings)})" if stage.settings else "")
            for stage in self.variant.stages
        )


COLUMNS: tuple[Column[Listed], ...] = (
    Column("title", "Variant", "text", "As printed.", lambda row: row.variant.title),
    Column("variant", "Label", "code", "Name in files and on the command line.", lambda row: row.variant.label,
           shown=False),
    Column("family", "Family", "text", "Group of methods; the colour and marker in figures.",
           lambda row: row.variant.family),
    Column("stages", "Settings", "text", "Each stage with every setting it ran with, and the version of its code.",
           lambda row: row.stages),
    Column("finetunes", "Trains", "text", "Whether it trains on after compressing.",
           lambda row: "yes" if row.variant.finetunes else "no"),
    Column("sources", "Source", "citations", "Citation keys.", lambda row: " ".join(row.variant.sources) or None),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: methods, then controls."""
    text = "Every variant of this profile, with all of its settings and the version of its code."
    controls = [variant for variant in study.plan.variants if variant.control]
    return tabulate(
        "methods",
        "The variants",
        text,
        COLUMNS,
        {"Methods": map(Listed, study.plan.methods), "Original and controls": map(Listed, controls)},
    )


def _words(settings: dict[str, object]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in settings.items())


def _plain(value: object) -> str:
    return ("-".join(map(str, value)) or "none") if isinstance(value, list) else str(value)
