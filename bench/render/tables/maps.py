"""Every block against every block, for the data files."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions

COLUMNS = (
    Column("model", "Model", "text", "Name of the network."),
    Column("variant", "Variant", "text", "The variant's label."),
    Column("feature", "Features", "text", "How a feature map becomes a vector."),
    Column("original_block", "Original's block", "text", "Block of the original."),
    Column("block", "Block", "text", "Block of the variant."),
    Column("cka", "CKA", "number", "Debiased linear CKA, mean over seeds.", digits=6),
)


def build(study: Study) -> Table | None:
    """One row a pair of blocks; None where nothing was compared."""
    rows = tuple(
        Row((Datum(model), Datum(variant), Datum(feature), Datum(above), Datum(across), Datum(float(value))))
        for (model, variant, feature), found in study.insides.items()
        if found.map is not None
        for above, line in zip(found.blocks, found.map)
        for across, value in zip(found.blocks, line)
    )
    if not rows:
        return None
    return Table(
        "maps",
        "Block against block",
        captions.joined(captions.similarity(study), "Mean over seeds.", captions.seeds(study), captions.version(study)),
        COLUMNS,
        (Group("", rows),),
        raw=True,
    )
