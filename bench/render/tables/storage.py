"""Where the bytes of a packed file are: layer by layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import fmean
from typing import NamedTuple

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, apart_from_another_seed
from bench.render.kit.table import Column, Table, tabulate


class LayerFile(NamedTuple):
    """A layer in one seed's file."""

    shape: object
    layout: str
    bits: float | None
    payload_bytes: float
    sparsity: float | None


@dataclass(frozen=True, kw_only=True)
class Stored(Network):
    """A layer of one network.

    Attributes:
        layer: name of its module.
        files: one per seed.
        total: bytes of all layers together, mean over seeds.
    """

    layer: str
    files: Sequence[LayerFile]
    total: float

    @property
    def shape(self) -> str:
        """Of the weight, the same for all seeds."""
        shape = self.files[0].shape
        return "×".join(map(str, shape)) if isinstance(shape, list) else str(shape)

    @property
    def payload(self) -> float:
        """Bytes, mean over seeds."""
        return _mean(file.payload_bytes for file in self.files)


COLUMNS: tuple[Column[Stored], ...] = (
    *NAMES,
    Column("layer", "Layer", "code", "Name of the stored tensor's module.",
           lambda stored: stored.layer, identifies=True),
    Column("shape", "Shape", "code", "Of the weight.", lambda stored: stored.shape),
    Column("layout", "Layout", "text", "How it is stored: the smallest that fits.",
           lambda stored: "/".join(sorted({file.layout for file in stored.files}))),
    Column("bits", "Bits", "number", "A stored weight's width.",
           lambda stored: _mean(file.bits for file in stored.files)),
    Column("payload", "Payload", "number", "Mean over seeds.",
           lambda stored: stored.payload, "kB", 2, scale=1e-3),
    Column("share", "Share", "number", "Of the variant's payload.",
           lambda stored: stored.payload / stored.total if stored.total else None, "%", 1, scale=100),
    Column("sparsity", "Sparsity", "number", "Share of zeros, mean over seeds.",
           lambda stored: _mean(file.sparsity for file in stored.files), "%", 1, scale=100),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if nothing was packed."""
    if study.results.layers.empty:
        return None
    return tabulate(
        "storage",
        "Layers as stored",
        "How each layer is stored: by the smallest of the layouts that hold it exactly. Where seeds chose differently, "
        "all are named.",
        COLUMNS,
        {title_of(study, model): _layers(study, model) for model in study.models},
    )


def _layers(study: Study, model: str) -> Iterator[Stored]:
    # Tuples, not frames: a large study has a hundred thousand layers, and a frame for each takes minutes.
    layers = study.results.layers[study.results.layers["model"] == model]
    files: dict[str, dict[str, list[LayerFile]]] = defaultdict(lambda: defaultdict(list))
    for label, name, *file in layers[["variant", "name", *LayerFile._fields]].itertuples(index=False):
        files[label][str(name)].append(LayerFile(*file))
    for variant in apart_from_another_seed(study):
        by_name = files[variant.label]
        # Shares are of the mean payload, not means of shares: so they add up to 100% also if seeds store a layer
        # differently, or one of them lacks a layer.
        total = sum(_mean(file.payload_bytes for file in seeds) for seeds in by_name.values())
        for name, seeds in by_name.items():
            yield Stored(study, model, variant, layer=name, files=seeds, total=total)


def _mean(numbers: Iterable[float | None]) -> float:
    """The mean without missing numbers."""
    finite = [number for number in numbers if number is not None and not isnan(number)]
    return fmean(finite) if finite else nan
