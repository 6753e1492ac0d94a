"""All layers compressed at once, beside the sum of what each costs alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from bench.analysis.networks import title_of
from bench.analysis.single_layers import KIND_TITLES, Together, level_words, loss_unit, together
from bench.analysis.study import Study
from bench.diagnose.sensitivity.levels import KINDS
from bench.diagnose.sensitivity.records import TOLERATED
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.render.text import captions
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class Row:
    """All targets of a kind at a level, or each at the level that it tolerates with or without new statistics.

    Attributes:
        chosen: whether statistics were taken again where the levels were chosen; None if all have the same level.
    """

    study: Study
    joint: Together
    chosen: bool | None = None

    @property
    def level(self) -> str:
        """What all layers are changed by."""
        if isinstance(self.joint.level, str):
            return f"what each tolerates{', re-taken' if self.chosen else ''}"
        return level_words(self.joint.kind, self.joint.level)

    def mean(self, name: str, *, retaken: bool) -> Estimate | Datum:
        """A field's mean over seeds; nothing where other levels were chosen."""
        if self.chosen not in (None, retaken):
            return Datum()
        return self.joint.mean(name, retaken=retaken) or Datum()

    @property
    def saved(self) -> Estimate | Datum:
        """Bytes of payload, which statistics change nothing about."""
        return self.mean("saved", retaken=bool(self.chosen))


def _columns(unit: str) -> Iterator[Column[Row]]:
    yield Column("model", "Network", "text", "Name of the network.", lambda row: row.joint.model, shown=False,
                 identifies=True)  # fmt: skip
    yield Column("kind", "Kind", "text", "What is changed: elements, channels, bits or stream-bits.",
                 lambda row: row.joint.kind, shown=False, identifies=True)  # fmt: skip
    yield Column("level", "All layers at", "text", "The share that is pruned, the bits, or what each tolerates alone.",
                 lambda row: row.level, identifies=True)  # fmt: skip
    yield Column("saved", "Saves", "estimate", "Payload that the network has less.", lambda row: row.saved, "B")
    for retaken, behind in ((False, ""), (True, ", re-taken")):
        key = "_retaken" if retaken else ""
        for name, title, describe in (
            ("rise", "Together", "Rise of the loss with all layers changed"),
            ("sum", "Sum alone", "Sum of the rises with each layer changed alone"),
        ):
            get = partial(Row.mean, name=name, retaken=retaken)
            yield Column(f"{name}{key}", f"{title}{behind}", "estimate", f"{describe}{behind}.", get, unit, 3,
                         signed=True)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if the profile asks for no sensitivity, or none is done."""
    joints = together(study)
    if not joints or study.plan.sensitivity is None:
        return None
    return tabulate(
        "single-layers-together",
        "All layers at once, beside the sum",
        "Do curves of single layers add up? The loss with all layers compressed beside the sum of what each costs "
        "alone.",
        _columns(loss_unit(study)),
        {
            f"{title_of(study, model)}, {KIND_TITLES[kind]}": [
                row for joint in joints if (joint.model, joint.kind) == (model, kind) for row in _rows(study, joint)
            ]
            for model in study.models
            for kind in KINDS
        },
        details=captions.joined(captions.of_curves(study), captions.means(study), "No tests."),
        folded=True,
    )


def _rows(study: Study, joint: Together) -> list[Row]:
    if joint.level != TOLERATED:
        return [Row(study, joint)]
    return [Row(study, joint, retaken) for retaken in (False, True) if joint.mean("rise", retaken=retaken)]
