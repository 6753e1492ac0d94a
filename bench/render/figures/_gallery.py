"""What galleries of painted pictures share: one figure per model, of its first finished seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from bench.analysis.galleries import Painted, painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _mosaic
from bench.render.figures._mosaic import Mosaic, Strip
from bench.render.kit.figure import Figure, Sheet
from bench.render.kit.names import compact
from bench.render.kit.style import Medium
from bench.render.text import captions
from bench.roles import ORIGINAL

REAL = "Image"  # name of the row of images that the pictures were made of


def figures(
    study: Study,
    diagnostic: str,
    mosaic: Callable[[Study, list[Painted]], Mosaic],
    kind: str,
    title: str,
    sentences: str,
    tables: Sequence[str],
) -> list[Figure]:
    """One figure per model that the diagnostic looked into.

    Args:
        mosaic: the pictures of the networks that are shown.
        kind: the first word of a figure's id.
        title: with "{}" for the model.
        sentences: of the caption.
        tables: ids of the tables that hold what is drawn.
    """
    looks = Looks(study, diagnostic)
    shown = {model: networks for model in study.models if (networks := painted(looks, model))}
    return [
        illustration(
            looks,
            model,
            kind,
            title.format(model),
            sentences,
            f"Grid of pictures, {title.format(model)}: a row a network; all are in the data file.",
            partial(_mosaic.paint, mosaic(study, networks)),
            tables,
        )
        for model, networks in shown.items()
    ]


def illustration(
    looks: Looks,
    model: str,
    kind: str,
    title: str,
    sentences: str,
    alt: str,
    paint: Callable[[Medium], Sheet],
    tables: Sequence[str],
    *,
    see: str = "",
) -> Figure:
    """A figure of one seed's pictures; its caption says that they are no evidence, and where to `see` numbers."""
    study = looks.study
    seed = f"One seed ({looks.first_seed(model)}) of n = {study.seeds}; an illustration without interval or test{see}."
    caption = captions.joined(sentences, seed)
    return Figure(_mosaic.anchor(kind, model), title, caption, alt, paint, tuple(tables), tools=_mosaic.TOOLS)


def strip(name: str, network: Painted, pictures: np.ndarray | None) -> Strip:
    """One network's row; what the methods are compared with is set apart."""
    return Strip(name, pictures, network.variant.control and network.variant.label != ORIGINAL)


def strips(study: Study, networks: Sequence[Painted], pictures: Callable[[Painted], np.ndarray]) -> list[Strip]:
    """A row per network."""
    names = compact(study.plan)
    return [strip(names[n.variant.label], n, pictures(n) if n.there else None) for n in networks]


def real(images: np.ndarray) -> Strip:
    """The row of the images that pictures were made of: (K, C, H, W) uint8."""
    return Strip(REAL, _mosaic.photographs(images), control=True)
