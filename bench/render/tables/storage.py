"""Where the bytes of a packed file are: layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import nan
from statistics import fmean

import pandas as pd

from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text import captions


@dataclass(frozen=True, kw_only=True)
class Stored(Network):
    """A layer of one network's files.

    Attributes:
        layer: name of its module.
        files: shape, layout, bits, payload_bytes and sparsity, a row per seed.
        payload: bytes of all layers together, mean over seeds.
    """

    layer: str
    files: pd.DataFrame
    payload: float = nan

    @property
    def shape(self) -> str:
        """Of the weight, the same for all seeds."""
        shape = self.files["shape"].iloc[0]
        return "×".join(map(str, shape)) if isinstance(shape, list) else str(shape)

    def over_seeds(self, name: str) -> float:
        """The mean of those seeds that have a number."""
        numbers = self.files[name].dropna()
        return fmean(numbers) if len(numbers) else nan


COLUMNS: tuple[Column[Stored], ...] = (
    *NAMES,
    Column("layer", "Layer", "code", "Name of the stored tensor's module.", lambda stored: stored.layer),
    Column("shape", "Shape", "code", "Of the weight.", lambda stored: stored.shape),
    Column("layout", "Layout", "text", "How it is stored: the smallest that fits.",
           lambda stored: "/".join(sorted(set(stored.files["layout"])))),
    Column("bits", "Bits", "number", "A stored weight's width.", lambda stored: stored.over_seeds("bits")),
    Column("payload", "Payload", "number", "Mean over seeds.",
           lambda stored: stored.over_seeds("payload_bytes"), "kB", 2, scale=1e-3),
    Column("share", "Share", "number", "Of the variant's payload.",
           lambda stored: stored.over_seeds("payload_bytes") / stored.payload if stored.payload else None, "%", 1,
           scale=100),
    Column("sparsity", "Sparsity", "number", "Share of zeros, mean over seeds.",
           lambda stored: stored.over_seeds("sparsity"), "%", 1, scale=100),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if nothing was packed."""
    return tabulate(
        "storage",
        "Layers as stored",
        captions.joined(
            "Each layer takes the smallest of the layouts that hold it exactly; where seeds chose differently, all are "
            "named. Means over seeds.",
            captions.seeds(study),
        ),
        COLUMNS,
        {model: _layers(study, model) for model in study.models},
    )


def _layers(study: Study, model: str) -> Iterator[Stored]:
    frame = study.results.layers
    for variant in study.plan.variants:
        stored = frame[(frame["model"] == model) & (frame["variant"] == variant.label)]
        layers = [
            Stored(study, model, variant, layer=str(name), files=files)
            for name, files in stored.groupby("name", sort=False)
        ]
        # Shares are of the mean payload, not means of shares: so they add up to 100% also if seeds store a layer
        # differently, or one of them lacks a layer.
        payload = sum(layer.over_seeds("payload_bytes") for layer in layers)
        yield from (replace(layer, payload=payload) for layer in layers)
