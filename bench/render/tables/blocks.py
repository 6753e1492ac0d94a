"""Similarity block by block: what the figure of similarity by depth plots."""

from __future__ import annotations

from bench.analysis.departures import BlockClaim, blocks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, row
from bench.render.kit.table import Column, Datum, Group, Row, Table, estimate, number
from bench.render.text import captions

COLUMNS = (
    *NAMES,
    Column("feature", "Features", "text", "How a feature map becomes a vector.", shown=False),
    Column("depth", "Depth", "number", "Position of the block, from the input."),
    Column("block", "Block", "code", "Name of the module whose output is compared."),
    Column("cka", "CKA to original", "estimate", "Debiased linear CKA to the original's block.", "", 3, ends=True),
    Column("beyond", "Less control", "estimate", "Less the fine-tuned control's.", "", 4, signed=True, ends=True),
    Column("p", "p", "p", "Two-sided t test that it differs from the control's, not corrected."),
    Column("p_bh", "p, BH", "p", "After Benjamini-Hochberg over methods and blocks of a model."),
    Column("seeds", "n", "number", "Seeds behind the similarity."),
)


def build(study: Study) -> Table:
    """The table: one group a model and feature convention."""
    groups = (
        Group(
            f"{model}, {feature} features",
            tuple(_row(study, claim) for claim in blocks(study) if claim.model == model and claim.feature == feature),
        )
        for model in study.models
        for feature in study.plan.features
    )
    return Table(
        "blocks",
        "Similarity by depth",
        captions.joined(
            captions.similarity(study),
            "Each block of a variant against the same block of the original, and the difference to the fine-tuned "
            "control, paired by seed and image.",
            captions.seeds(study),
            captions.combined_interval(study),
            "Two-sided t test; Benjamini-Hochberg over the methods and blocks of a model and convention"
            + _sizes(study),
            captions.version(study),
        ),
        COLUMNS,
        tuple(group for group in groups if group.rows),
        empty="No comparison is done yet.",
    )


def _sizes(study: Study) -> str:
    sizes = {
        (model, feature): sum(c.p == c.p for c in blocks(study) if (c.model, c.feature) == (model, feature))
        for model in study.models
        for feature in study.plan.features
    }
    return f" ({captions.each({f'{m}, {f}': size for (m, f), size in sizes.items()}, 'test')})."


def _row(study: Study, claim: BlockClaim) -> Row:
    cells = (
        Datum(claim.feature),
        Datum(claim.depth + 1),
        Datum(claim.block),
        estimate(claim.similarity),
        estimate(claim.beyond) if claim.beyond else Datum(),
        number(claim.p, hole="–"),
        number(claim.p_corrected, hole="–"),
        Datum(claim.similarity.n if claim.similarity.unit == "seed" else 1),
    )
    return row(claim.model, study.plan.variant(claim.variant), cells)
