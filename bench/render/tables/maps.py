"""Every block against every block, for the data files."""

from __future__ import annotations

from bench.analysis.distances import compared
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset
from bench.render.text import captions

FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "variant": Field("The variant's label.", identifies=True),
    "feature": Field("How a feature map becomes a vector.", title="Features", identifies=True),
    "measure": Field("Name of the measure.", identifies=True),
    "original_block": Field("Block of the original.", title="Original's block", identifies=True),
    "block": Field("Block of the variant.", identifies=True),
    "value": Field("The measure itself, mean over seeds.", "number"),
}


def build(study: Study) -> Dataset | None:
    """One row per pair of blocks; None if nothing was compared."""
    # Row by row: the original's blocks go down the map, the variant's across.
    rows = (
        {"model": model, "variant": variant, "feature": feature, "measure": measure, "original_block": original,
         "block": block, "value": value}
        for (model, variant), network in compared(study).items()
        for (feature, measure), (blocks, values) in network.maps.items()
        for original, line in zip(blocks, values.tolist())
        for block, value in zip(blocks, line)
    )  # fmt: skip
    return dataset(
        "maps",
        "Block against block",
        captions.joined(
            "Each block of the original against each of a variant, mean over seeds.", captions.seeds(study)
        ),
        rows,
        FIELDS,
    )
