"""Where the bytes of a packed file are: layer by layer."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan, nan
from statistics import fmean
from typing import NamedTuple

from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, row
from bench.render.kit.table import Column, Datum, Group, Row, Table, number
from bench.render.text import captions

COLUMNS = (
    *NAMES,
    Column("layer", "Layer", "code", "Name of the stored tensor's module."),
    Column("shape", "Shape", "code", "Of the weight."),
    Column("layout", "Layout", "text", "How it is stored: the smallest that fits."),
    Column("bits", "Bits", "number", "A stored weight's width."),
    Column("payload", "Payload", "number", "Mean over seeds.", "kB", 2),
    Column("share", "Share", "number", "Of the variant's payload.", "%", 1),
    Column("sparsity", "Sparsity", "number", "Share of zeros, mean over seeds.", "%", 1),
)


def build(study: Study) -> Table | None:
    """The table; None where nothing was packed."""
    if study.results.layers.empty:
        return None
    return Table(
        "storage",
        "Layers as stored",
        captions.joined(
            "Each layer takes the smallest of the layouts that hold it exactly; where seeds chose differently, all are "
            "named. Means over seeds.",
            captions.seeds(study),
            captions.version(study),
        ),
        COLUMNS,
        tuple(group for model in study.models if (group := Group(model, tuple(_rows(study, model)))).rows),
    )


def _rows(study: Study, model: str) -> list[Row]:
    layers = study.results.layers[study.results.layers["model"] == model]
    found: dict[str, dict[str, list[_Stored]]] = {}
    for variant, name, *stored in layers[["variant", "name", *_Stored._fields]].itertuples(index=False):
        found.setdefault(variant, {}).setdefault(name, []).append(_Stored(*stored))
    rows = []
    for variant in study.plan.variants:
        own = found.get(variant.label, {})
        payloads = {layer: _mean(each.payload_bytes for each in seeds) for layer, seeds in own.items()}
        whole = sum(payloads.values())
        for layer, seeds in own.items():
            shape = seeds[0].shape
            cells = (
                Datum(str(layer)),
                Datum("×".join(map(str, shape)) if isinstance(shape, list) else str(shape)),
                Datum("/".join(sorted({each.layout for each in seeds}))),
                number(_mean(each.bits for each in seeds)),
                number(payloads[layer], 1e-3),
                number(payloads[layer] / whole if whole else None, 100, hole="–"),
                number(_mean(each.sparsity for each in seeds), 100),
            )
            rows.append(row(model, variant, cells))
    return rows


class _Stored(NamedTuple):
    """A layer of one seed's file."""

    shape: object
    layout: str
    bits: float
    payload_bytes: float
    sparsity: float


def _mean(values: Iterable[float]) -> float:
    """Of those that there are."""
    known = [value for value in values if value is not None and not isnan(value)]
    return fmean(known) if known else nan
