"""Every block against every block, for the data files."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset
from bench.render.text import captions

FIELDS = {
    "model": Field("Name of the network."),
    "variant": Field("The variant's label."),
    "feature": Field("How a feature map becomes a vector.", title="Features"),
    "original_block": Field("Block of the original.", title="Original's block"),
    "block": Field("Block of the variant."),
    "cka": Field("Debiased linear CKA, mean over seeds.", "number", "CKA"),
}


def build(study: Study) -> Dataset | None:
    """One row per pair of blocks; None if nothing was compared."""
    # Row by row: the original's blocks go down the map, the variant's across.
    rows = (
        {"model": model, "variant": variant, "feature": feature, "original_block": original, "block": block, "cka": cka}
        for (model, variant, feature), similarity in study.insides.items()
        if similarity.map is not None
        for original, line in zip(similarity.blocks, similarity.map.tolist())
        for block, cka in zip(similarity.blocks, line)
    )
    return dataset(
        "maps",
        "Block against block",
        captions.joined(captions.similarity(study), "Mean over seeds.", captions.seeds(study)),
        rows,
        FIELDS,
    )
