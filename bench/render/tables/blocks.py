"""Block by block, each measure beside the others: what the figures by depth plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.analysis.departures import BlockClaim, blocks
from bench.analysis.distances import measures
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.kit.names import key_of, short
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import DASH, Column, Datum, Table, estimate, tabulate
from bench.render.text import captions


@dataclass(frozen=True, kw_only=True)
class Block(Network):
    """A block of one network, with what every measure says of it."""

    feature: str
    depth: int
    block: str
    claims: Mapping[str, BlockClaim]


def build(study: Study) -> Table | None:
    """The table: one group per model and feature convention."""
    rows: dict[tuple[str, str, str, int], dict[str, BlockClaim]] = {}
    for claim in blocks(study):
        rows.setdefault((claim.feature, claim.model, claim.variant, claim.depth), {})[claim.measure] = claim
    found = [
        Block(study, model, study.plan.variant(label), DASH, feature=feature, depth=depth,
              block=next(iter(claims.values())).block, claims=claims)
        for (feature, model, label, depth), claims in rows.items()
    ]  # fmt: skip
    return tabulate(
        "blocks",
        "The inside by depth",
        "How far each block lies from the same block of the original. 0 is the original, 1 another training. Bold: "
        "shown to be beyond the margin.",
        (*_leading(), *(column for name in measures(study) for column in _columns(study, name))),
        {
            f"{title_of(study, model)}, {feature} features": [
                block for block in found if (block.model, block.feature) == (model, feature)
            ]
            for model in study.models
            for feature in study.plan.features
        },
        notes=captions.traps(study),
        details=captions.joined(
            "In seed-equivalents of that block.",
            captions.cross_probe_loss(study, of_block=True),
            captions.scaled_interval(study),
            captions.departures(study),
        ),
    )


def _leading() -> Iterator[Column[Block]]:
    yield from NAMES
    yield Column("feature", "Features", "text", "How a feature map becomes a vector.", lambda block: block.feature,
                 shown=False, identifies=True)  # fmt: skip
    yield Column("depth", "Depth", "number", "Position of the block, from the input.", lambda block: block.depth + 1)
    yield Column(
        "block",
        "Block",
        "code",
        "Name of the module whose output is compared.",
        lambda block: block.block,
        identifies=True,
    )


def _columns(study: Study, name: str) -> Iterator[Column[Block]]:
    title, key = short(measure_title(study, name)), key_of(name)

    def distance(block: Block) -> Datum:
        claim = block.claims.get(name)
        if claim is None:
            return Datum(hole=DASH)
        # A star-like mark for what is shown to be beyond the margin: a column of p for each measure would not fit.
        return estimate(claim.distance, bold=claim.departs(study.plan.alpha), hole=DASH)

    yield Column(key, title, "estimate", f"Distance from the original's, by {measure_title(study, name)}.", distance,
                 captions.unit_of(name), 2, ends=True)  # fmt: skip
    yield Column(f"{key}_own", title, "estimate", f"{measure_title(study, name)} itself.",
                 lambda block: block.claims[name].value if name in block.claims else None, "own unit", 4,
                 ends=True, shown=False)  # fmt: skip
    yield Column(f"{key}_beyond", title, "estimate", "Distance beyond the reference's.",
                 lambda block: (block.claims[name].beyond if name in block.claims else None) or Datum(), "beyond", 3,
                 signed=True, ends=True, shown=False)  # fmt: skip
    yield Column(f"{key}_p", title, "p", "Two-sided, that the distance beyond the reference's is the margin.",
                 lambda block: block.claims[name].p if name in block.claims else None, "p", shown=False)  # fmt: skip
    yield Column(f"{key}_p_bh", title, "p", "After Benjamini-Hochberg over methods and blocks of a model.",
                 lambda block: block.claims[name].p_corrected if name in block.claims else None, "p, BH",
                 shown=False)  # fmt: skip
