"""How activations are spread: dead channels, zeros and effective dimension, over all blocks and block by block."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.activations import DIAGNOSTIC, Curve, curves
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model, row
from bench.render.kit.table import Column, Datum, Group, Row, Table, estimate
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant

SHARES = (
    Column("dead", "Dead channels", "estimate", "Channels with one and the same value for all images.", "%", 2),
    Column("zeros", "Zeros", "estimate", "Share of values that are 0.", "%", 1),
    Column("dimension", "Effective dimension", "estimate", "Participation ratio, share of the channels.", "%", 1),
)
COLUMNS = (
    *NAMES,
    *SHARES,
    Column("dimension_less_original", "Less original", "estimate", "Paired by seed.", "points", 1, signed=True),
    Column("seeds", "n", "number", "Seeds with a result."),
)
BLOCK = (
    Column("depth", "Depth", "number", "Position of the block, from the input."),
    Column("block", "Block", "code", "Name of the module whose output is measured."),
)


def build(study: Study) -> list[Table]:
    """The table, and one by block for the data files; none where nothing was measured."""
    looks = Looks(study, DIAGNOSTIC)
    return [_overall(study, looks), _by_block(study)] if looks else []


def _overall(study: Study, looks: Looks) -> Table:
    images = looks.settings.get("images", 0)
    return Table(
        "activation-statistics",
        "Activations",
        captions.joined(
            f"Outputs of the blocks on up to {images} probe images, mean over blocks. Dead: channels that put out one "
            "and the same value for all images and positions. Zeros: share of all values that are 0. Effective "
            "dimension: participation ratio of the channels' covariance (pooled over positions) as a share of the "
            "channels.",
            captions.seeds(study),
            captions.seed_interval(),
            "No tests.",
            captions.version(study),
        ),
        COLUMNS,
        by_model(study, lambda model, variant: _cells(looks, model, variant), looks.variants),
    )


def _cells(looks: Looks, model: str, variant: PlannedVariant) -> Iterator[Datum]:
    label, hole = variant.label, looks.hole(model, variant.label) or "none"
    for column in SHARES:
        yield estimate(looks.mean(column.key, model, label), 100, hole=hole)
    less = looks.difference("dimension", model, label, ORIGINAL)
    yield Datum() if label == ORIGINAL else estimate(less, 100, hole=hole)
    yield Datum(looks.mean("dead", model, label).n)


def _by_block(study: Study) -> Table:
    rows = tuple(each for model in study.models for curve in curves(study, model) for each in _blocks(model, curve))
    return Table(
        "activation-blocks",
        "Activations by block",
        captions.joined(
            "One row a block and variant.", captions.seeds(study), captions.seed_interval(), captions.version(study)
        ),
        (*NAMES, *BLOCK, *SHARES, COLUMNS[-1]),
        (Group("", rows),),
        raw=True,
    )


def _blocks(model: str, curve: Curve) -> Iterator[Row]:
    for depth, block in enumerate(curve.blocks):
        own = [curve.measures[column.key][depth] for column in SHARES]
        shares = (estimate(each, hole="none") for each in own)
        yield row(model, curve.variant, (Datum(depth + 1), Datum(block), *shares, Datum(own[0].n)))
