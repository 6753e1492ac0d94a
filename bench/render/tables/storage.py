"""Where the bytes of a packed file are: layer by layer."""

from __future__ import annotations

from bench.render import captions
from bench.render.rows import NAMES, row
from bench.render.study import Study
from bench.render.table import Cell, Column, Group, Row, Table, number

SECTION, ORDER = "results", 60

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
    layers = study.results.layers[study.results.layers["model"] == model].copy()
    layers["shape"] = layers["shape"].map(lambda shape: "×".join(map(str, shape)) if isinstance(shape, list) else shape)
    rows = []
    for variant in study.plan.variants:
        own = layers[layers["variant"] == variant.label]
        means = own.groupby("name", sort=False).agg(
            shape=("shape", "first"),
            layout=("layout", lambda layouts: "/".join(sorted(set(layouts)))),
            bits=("bits", "mean"),
            payload_bytes=("payload_bytes", "mean"),
            sparsity=("sparsity", "mean"),
        )
        whole = float(means["payload_bytes"].sum())
        for layer, shape, layout, bits, payload, sparsity in means.reset_index().itertuples(index=False):
            cells = (
                Cell(str(layer)),
                Cell(str(shape)),
                Cell(str(layout)),
                number(bits),
                number(payload, 1e-3),
                number(payload / whole if whole else None, 100, hole="–"),
                number(sparsity, 100),
            )
            rows.append(row(model, variant, cells))
    return rows
