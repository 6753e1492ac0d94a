"""How activations are spread: dead channels, zeros and effective dimension, over all blocks and block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.analysis.activations import DIAGNOSTIC, Curve, curves
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, interval
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text import captions
from bench.roles import ORIGINAL

DEAD, ZEROS = "Channels with one and the same value for all images.", "Share of values that are 0."
DIMENSION = "Participation ratio, share of the channels."

COLUMNS: tuple[Column[Network], ...] = (
    *NAMES,
    Column("dead", "Dead channels", "estimate", DEAD, lambda net: net.mean("dead"), "%", 2, scale=100),
    Column("zeros", "Zeros", "estimate", ZEROS, lambda net: net.mean("zeros"), "%", 1, scale=100),
    Column("dimension", "Effective dimension", "estimate", DIMENSION,
           lambda net: net.mean("dimension"), "%", 1, scale=100),
    Column("dimension_less_original", "From original", "estimate", "Paired by seed.",
           lambda net: net.difference("dimension", ORIGINAL), "points", 1, signed=True, scale=100),
    Column("seeds", "n", "number", "Seeds with a result.", lambda net: net.mean("dead").n),
)  # fmt: skip
BY_BLOCK = {
    **{each.key: Field(each.describe, title=each.title, identifies=each.identifies) for each in NAMES},
    "depth": Field("Position of the block, from the input.", "number"),
    "block": Field("Name of the module whose output is measured.", identifies=True),
    "dead": Field(DEAD, "estimate", "Dead channels", "%"),
    "zeros": Field(ZEROS, "estimate", unit="%"),
    "dimension": Field(DIMENSION, "estimate", "Effective dimension", "%"),
    "seeds": Field("Seeds with a result.", "number", "n"),
}


def build(study: Study) -> list[Table | Dataset]:
    """The table, and one by block for the data files; none if nothing was measured."""
    looks = Looks(study, DIAGNOSTIC)
    return [table for table in (_overall(study, looks), _by_block(study)) if table] if looks else []


def _overall(study: Study, looks: Looks) -> Table | None:
    return tabulate(
        "activation-statistics",
        "Activations",
        f"What the blocks put out on up to {looks.settings.get('images', 0)} probe images, mean over blocks.",
        COLUMNS,
        networks(looks, looks.variants),
        details="Dead: channels that put out one and the same value for all images and positions. Zeros: the share of "
        "all values that are 0. Effective dimension: the participation ratio of the channels' covariance, pooled over "
        "positions, as a share of the channels. No tests.",
    )


def _by_block(study: Study) -> Dataset | None:
    return dataset(
        "activation-blocks",
        "Activations by block",
        captions.joined("One row per block and variant.", captions.means(study)),
        (row for model in study.models for curve in curves(study, model) for row in _blocks(model, curve)),
        BY_BLOCK,
    )


def _blocks(model: str, curve: Curve) -> Iterator[dict[str, Any]]:
    for index, block in enumerate(curve.blocks):
        row: dict[str, Any] = {"model": model, "variant": curve.variant.label, "title": curve.variant.title}
        row |= {"depth": index + 1, "block": block, "seeds": curve.measures["dead"][index].n}
        for name, by_block in curve.measures.items():
            row |= interval(name, by_block[index], hole="none")
        yield row
