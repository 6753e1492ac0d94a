"""What the galleries of painted pictures share: one figure a model, of its first finished seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from bench.analysis.galleries import Painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _grid, _mosaic
from bench.render.kit.figure import Figure
from bench.render.kit.names import compact
from bench.render.text import captions
from bench.roles import ORIGINAL

REAL = "Image"  # the row of what the pictures were made of


def rows(study: Study, found: Sequence[Painted], pictures: Callable[[Painted], np.ndarray]) -> list[_mosaic.Row]:
    """A row a network."""
    names = compact(study.plan)
    return [
        _mosaic.Row(
            names[each.variant.label],
            pictures(each) if each.there else None,
            each.variant.control and each.variant.label != ORIGINAL,
        )
        for each in found
    ]


def figures(
    study: Study,
    diagnostic: str,
    grid: Callable[[Looks, str], _grid.Grid],
    kind: str,
    title: str,
    sentences: str,
    data: Sequence[str],
) -> list[Figure]:
    """One figure a model, for those that the diagnostic looked into.

    Args:
        kind: the first word of a figure's id.
        title: with "{}" for the model.
        sentences: of the caption.
        data: ids of the tables that hold what is drawn.
    """
    looks = Looks(study, diagnostic)
    made = ((model, grid(looks, model)) for model in study.models) if looks else ()
    return [
        Figure(
            _mosaic.anchor(kind, model),
            title.format(model),
            captions.joined(
                sentences,
                f"One seed ({looks.first_seed(model)}) of n = {study.seeds}; an illustration without interval or test.",
                captions.version(study),
            ),
            f"Grid of pictures, {title.format(model)}: a row a network; all are in the data file.",
            partial(_grid.paint, found),
            tuple(data),
            tools=_mosaic.TOOLS,
        )
        for model, found in made
        if found.rows
    ]
