"""What each variant is: its methods, settings and sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from bench.analysis.networks import title_of
from bench.analysis.reference import images, original_trained_for, reference, trained_for
from bench.analysis.study import Study
from bench.compress.budget import alike
from bench.render.kit.rows import Role, role_of
from bench.render.kit.table import Column, Table, tabulate
from bench.roles import ORIGINAL, RANDOM
from bench.runner.plan_file import PlannedVariant


@dataclass(frozen=True)
class Listed:
    """A variant in the list of all variants, for all models."""

    study: Study
    variant: PlannedVariant

    @property
    def epochs(self) -> str:
        """Of training after the original's, over all stages."""
        return self._of_every_network(lambda model: _number(self._trained(model)))

    @property
    def total_epochs(self) -> str:
        """From initial weights on: what began anew owes nothing to the original's training."""

        def total(model: str) -> str:
            trained = trained_for(self.study, model, self.variant.label)
            before = 0.0 if trained.trained else original_trained_for(self.study, model) / images(self.study)
            return _number(before + self._trained(model))

        return self._of_every_network(total) if self.variant.label != RANDOM else "0"

    @property
    def reference(self) -> str:
        """What it is compared with, and for how long that was trained where it is not as long."""
        return self._of_every_network(self._compared_with)

    def _compared_with(self, model: str) -> str:
        if self.variant.label == ORIGINAL:
            return ""
        found = reference(self.study, model, self.variant.label)
        accuracy = self._title(found.label) if found.label else found.reason
        if found.kind != "retrained" or found.inside_label is None:
            return accuracy
        before = original_trained_for(self.study, model)
        longer = "" if alike(before, found.budget) else f", trained for {_number(before / images(self.study))} epochs"
        return f"{accuracy.rstrip('.')}; its inside: {self._title(found.inside_label)}{longer}"

    def _trained(self, model: str) -> float:
        return trained_for(self.study, model, self.variant.label).total / images(self.study)

    def _title(self, label: str) -> str:
        return self.study.plan.variant(label).title

    def _of_every_network(self, text: Callable[[str], str]) -> str:
        """One text if it is that of all networks, else each with the network's name."""
        texts = {model: text(model) for model in self.study.models}
        if len(set(texts.values())) == 1:
            return next(iter(texts.values()))
        return "; ".join(f"{title_of(self.study, model)}: {text}" for model, text in texts.items())

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
           shown=False, identifies=True),
    Column("family", "Family", "text", "Group of methods; the colour and marker in figures.",
           lambda row: row.variant.family),
    Column("stages", "Settings", "text", "Each stage with every setting it ran with, and the version of its code.",
           lambda row: row.stages),
    Column("finetunes", "Trains", "text", "Whether it trains on after compressing.",
           lambda row: "yes" if row.variant.finetunes else "no", shown=False),
    Column("epochs", "Epochs", "text",
           "Epochs of training after the original's, over all stages, as its cells recorded them.",
           lambda row: row.epochs),
    Column("total_epochs", "In all", "text", "Epochs of training from initial weights on.",
           lambda row: row.total_epochs),
    Column("reference", "Compared with", "text",
           "The network that trained as long without compression; the original where nothing was trained.",
           lambda row: row.reference or None),
    Column("sources", "Source", "citations", "Citation keys.", lambda row: " ".join(row.variant.sources) or None),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: methods, then controls."""
    text = (
        "Every method and control of this profile, with its settings and its code's version. Each length of "
        "fine-tuning has its control."
    )
    if study.plan.diagnostics:
        text += " Diagnostics show the control of the fine-tuning recipe."
    controls = [variant for variant in study.plan.variants if variant.control]
    return tabulate(
        "methods",
        "The variants",
        text,
        COLUMNS,
        {
            "Methods": [Listed(study, variant) for variant in study.plan.methods],
            "Original and controls": [Listed(study, variant) for variant in controls],
        },
    )


def _words(settings: dict[str, object]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in settings.items())


def _number(epochs: float) -> str:
    return f"{epochs:.3g}" if isfinite(epochs) else "not known"


def _plain(value: object) -> str:
    return ("-".join(map(str, value)) or "none") if isinstance(value, list) else str(value)
