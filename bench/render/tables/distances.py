"""Every distance of every block, one row each, for the data files."""

from __future__ import annotations

from bench.analysis.departures import blocks
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, interval, number
from bench.render.text import captions

FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "variant": Field("The variant's label.", identifies=True),
    "feature": Field("How a feature map becomes a vector.", title="Features", identifies=True),
    "measure": Field("Name of the measure.", identifies=True),
    "depth": Field("Position of the block, from the input.", "number"),
    "block": Field("Name of the module whose output is compared.", identifies=True),
    "value": Field("The measure itself, mean over seeds; of the cross-probe the loss as a share.", "estimate"),
    "distance": Field("Distance from the original, in `unit`.", "estimate"),
    "beyond": Field("Distance beyond the reference's, in `unit`.", "estimate"),
    "unit": Field("Of the distances: seed-equivalents, or points of the cross-probe."),
    "p": Field("Two-sided, that the distance beyond the reference's is the margin, not corrected.", "number"),
    "p_bh": Field("After Benjamini-Hochberg over methods and blocks of a model and measure.", "number"),
    "seeds": Field("Seeds behind the value.", "number"),
}


def build(study: Study) -> Dataset | None:
    """One row per network, convention, measure and block; None if nothing was compared."""
    rows = (
        {
            "model": claim.model,
            "variant": claim.variant,
            "feature": claim.feature,
            "measure": claim.measure,
            "depth": claim.depth + 1,
            "block": claim.block,
            **interval("value", claim.value),
            **interval("distance", claim.distance),
            **(interval("beyond", claim.beyond) if claim.beyond else {"beyond": None, "beyond_note": "not paired"}),
            "unit": captions.unit_of(claim.measure),
            **number("p", claim.p),
            **number("p_bh", claim.p_corrected),
            "seeds": claim.value.n if claim.value.unit == "seed" else 1,
        }
        for claim in blocks(study)
    )
    caption = "Every block by every measure. In the order of networks, measures and depth."
    return dataset("distances", "Distances by block", caption, rows, FIELDS)
