"""How activations are spread: dead channels, zeros and effective dimension, over all blocks and block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, by_model, row
from bench.render.kit.table import Cell, Column, Group, Row, Table, estimate
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import seed_mean

DIAGNOSTIC = "activation-statistics"
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


@dataclass(frozen=True)
class Curve:
    """One variant's activations by depth, means over seeds, shares in percent.

    Attributes:
        found: by measure an estimate a block.
    """

    variant: PlannedVariant
    blocks: tuple[str, ...]
    found: dict[str, list[Estimate]]


def build(study: Study) -> list[Table]:
    """The table, and one by block for the data files; none where nothing was measured."""
    looks = Looks(study, DIAGNOSTIC)
    return [_overall(study, looks), _by_block(study)] if looks else []


def curves(study: Study, model: str) -> list[Curve]:
    """Of every variant that any seed has."""
    looks = Looks(study, DIAGNOSTIC)
    each = (_curve(looks, model, variant) for variant in looks.variants)
    return [curve for curve in each if curve is not None]


def _curve(looks: Looks, model: str, variant: PlannedVariant) -> Curve | None:
    blocks: tuple[str, ...] = ()
    values: dict[str, list[np.ndarray]] = {column.key: [] for column in SHARES}
    for seed in looks.study.plan.seeds:
        arrays, role = looks.arrays(model, variant.label, seed)
        if f"dead.{role}" not in arrays:
            continue
        blocks = tuple(map(str, arrays["layers"]))
        values["dead"].append(arrays[f"dead.{role}"])
        values["zeros"].append(arrays[f"zeros.{role}"])
        values["dimension"].append(arrays[f"dimension.{role}"] / arrays[f"width.{role}"])
    if not blocks:
        return None
    found = {
        name: [seed_mean(100 * column) for column in np.array(seeds, np.float64).T] for name, seeds in values.items()
    }
    return Curve(variant, blocks, found)


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


def _cells(looks: Looks, model: str, variant: PlannedVariant) -> Iterator[Cell]:
    label, hole = variant.label, looks.hole(model, variant.label) or "none"
    for column in SHARES:
        yield estimate(looks.mean(column.key, model, label), 100, hole=hole)
    less = looks.difference("dimension", model, label, ORIGINAL)
    yield Cell() if label == ORIGINAL else estimate(less, 100, hole=hole)
    yield Cell(looks.mean("dead", model, label).n)


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
        own = [curve.found[column.key][depth] for column in SHARES]
        shares = (estimate(each, hole="none") for each in own)
        yield row(model, curve.variant, (Cell(depth + 1), Cell(block), *shares, Cell(own[0].n)))
