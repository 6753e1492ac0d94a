"""What each layer of the originals tolerates alone, and what that saves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from bench.analysis.networks import title_of
from bench.analysis.single_layers import KIND_TITLES, SingleLayer, layers, level_words
from bench.analysis.study import Study
from bench.diagnose.sensitivity.levels import KINDS
from bench.render.kit.table import Column, Datum, Table, number, tabulate
from bench.render.text import captions
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class Row:
    """One layer or group of channels."""

    layer: SingleLayer

    @property
    def title(self) -> str:
        """Its first layer, and how many have the same channels."""
        more = self.layer.layers - 1
        return f"{self.layer.target} and {more} more" if more else self.layer.target

    def level(self, *, retaken: bool) -> Datum:
        """What it tolerates, in words of its kind."""
        if retaken > self.layer.retaken:
            return Datum()
        mean = self.layer.level(retaken=retaken).value
        datum = number(mean, hole="none")
        return replace(datum, instead=level_words(self.layer.kind, mean)) if isfinite(mean) else datum

    def saved(self, *, retaken: bool) -> Estimate | Datum:
        """Bytes that it saves so."""
        return Datum() if retaken > self.layer.retaken else self.layer.saved(retaken=retaken)


COLUMNS: tuple[Column[Row], ...] = (
    Column("model", "Network", "text", "Name of the network.", lambda row: row.layer.model, shown=False,
           identifies=True),
    Column("kind", "Kind", "text", "What is changed: elements, channels, bits or stream-bits.",
           lambda row: row.layer.kind, shown=False, identifies=True),
    Column("target", "Target", "code", "The first layer that is changed.", lambda row: row.layer.target, shown=False,
           identifies=True),
    Column("layer", "Layer", "code", "The layer, or the first of those that write the same channels.",
           lambda row: row.title),
    Column("depth", "Depth", "number", "Position among those of its kind, from the input.",
           lambda row: row.layer.depth, spare=True),
    Column("parameters", "Parameters", "number", "Numbers that the tensor or the group of channels holds.",
           lambda row: row.layer.parameters),
    Column("tolerated", "Tolerates", "number", "Harshest level up to which the loss rises by no more than is allowed "
           "for: the share that is pruned (in data files 0 to 1), or bits of a weight.",
           lambda row: row.level(retaken=False)),
    Column("saved", "Saves", "estimate", "Payload that the network has less at that level.",
           lambda row: row.saved(retaken=False), "B"),
    Column("tolerated_retaken", "Tolerates, re-taken", "number",
           "As before, with statistics of batch normalisation taken again.",
           lambda row: row.level(retaken=True)),
    Column("saved_retaken", "Saves, re-taken", "estimate", "Payload that the network has less at that level.",
           lambda row: row.saved(retaken=True), "B"),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if the profile asks for no sensitivity, or none is done."""
    measured = layers(study)
    planned = study.plan.sensitivity
    if not measured or planned is None:
        return None
    return tabulate(
        "single-layers",
        "What each layer tolerates alone",
        f"One layer of the original is compressed, nothing is trained. Tolerated is the harshest level up to which the "
        f"loss rises by at most {planned.rise:g}.",
        COLUMNS,
        {
            f"{title_of(study, model)}, {KIND_TITLES[kind]}": [
                Row(layer) for layer in measured if (layer.model, layer.kind) == (model, kind)
            ]
            for model in study.models
            for kind in KINDS
        },
        details=captions.joined(
            captions.of_curves(study),
            "A mean of levels over seeds. At the harshest level measured more might be tolerated.",
            captions.means(study),
            "No tests.",
        ),
        folded=True,
    )
