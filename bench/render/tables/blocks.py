"""Similarity block by block: what the figure of similarity by depth plots."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.departures import BlockClaim, blocks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.render.text import captions


@dataclass(frozen=True, kw_only=True)
class Block(Network):
    """A block of one network, with what is claimed of it."""

    claim: BlockClaim


COLUMNS: tuple[Column[Block], ...] = (
    *NAMES,
    Column("feature", "Features", "text", "How a feature map becomes a vector.", lambda block: block.claim.feature,
           shown=False),
    Column("depth", "Depth", "number", "Position of the block, from the input.", lambda block: block.claim.depth + 1),
    Column("block", "Block", "code", "Name of the module whose output is compared.", lambda block: block.claim.block),
    Column("cka", "CKA to original", "estimate", "Debiased linear CKA to the original's block.",
           lambda block: block.claim.similarity, "", 3, ends=True),
    Column("beyond", "Less control", "estimate", "Less the fine-tuned control's.",
           lambda block: block.claim.beyond or Datum(), "", 4, signed=True, ends=True),
    Column("p", "p", "p", "Two-sided t test that it differs from the control's, not corrected.",
           lambda block: block.claim.p),
    Column("p_bh", "p, BH", "p", "After Benjamini-Hochberg over methods and blocks of a model.",
           lambda block: block.claim.p_corrected),
    Column("seeds", "n", "number", "Seeds behind the similarity.",
           lambda block: block.claim.similarity.n if block.claim.similarity.unit == "seed" else 1),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: one group per model and feature convention."""
    claims = [Block(study, claim.model, study.plan.variant(claim.variant), claim=claim) for claim in blocks(study)]
    return tabulate(
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
        ),
        COLUMNS,
        {
            f"{model}, {feature} features": [
                block for block in claims if (block.model, block.claim.feature) == (model, feature)
            ]
            for model in study.models
            for feature in study.plan.features
        },
        empty="No comparison is done yet.",
    )


def _sizes(study: Study) -> str:
    sizes = {
        (model, feature): sum(c.p == c.p for c in blocks(study) if (c.model, c.feature) == (model, feature))
        for model in study.models
        for feature in study.plan.features
    }
    return f" ({captions.each({f'{m}, {f}': size for (m, f), size in sizes.items()}, 'test')})."
