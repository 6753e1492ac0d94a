"""The first convolution's filters, network beside network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.analysis.galleries import FILTERS, first, painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _gallery, _grid, _mosaic
from bench.render.kit.figure import Figure


def build(study: Study) -> list[Figure]:
    """One figure a model."""
    return _gallery.figures(
        study, FILTERS, gallery, "filters", "First filters of {}",
        "Filters of the first convolution, its batch norm multiplied in; above each column the original's index. "
        "Filters of three colours are drawn in them, with grey for zero; others on a scale from blue (negative) "
        "over white (zero) to red. Each filter is drawn in units of its own largest absolute weight: shapes can be"
        " compared, strengths are in the data. A network of another training or width shows the filter that is "
        "matched to the original's (Hungarian method on the cosine). Of the methods: the one whose filters are "
        "nearest to the original's, the middle one and the farthest. Empty: none is left.",
        ("gallery", "units"),
    )  # fmt: skip


def gallery(looks: Looks, model: str) -> _grid.Grid:
    """The filters of the networks that are shown."""
    found = painted(looks, model)
    if not found:
        return _grid.Grid([], ())
    rows = _gallery.rows(looks.study, found, lambda each: _mosaic.thumbnails(pictures(each.arrays, each.role)))
    one = first(found)
    count = len(one.arrays[f"matched.{one.role}"])
    return _grid.Grid(rows, tuple(map(str, range(count))), scale="RdBu_r", ends=(-1.0, 1.0))


def pictures(arrays: Mapping[str, np.ndarray], role: str) -> np.ndarray:
    """Each filter in units of its own largest absolute weight; NaN where none is left.

    Returns:
        (n, k, k, 3) from 0 to 1 where filters have three colours, else (n, k, k) their mean.
    """
    filters, matched = arrays[f"filters.{role}"].astype(np.float64), arrays[f"matched.{role}"]
    largest = np.abs(filters).max((1, 2, 3), keepdims=True)
    shown = (filters / np.where(largest > 0, largest, 1))[np.maximum(matched, 0)]
    shown[matched < 0] = np.nan
    return np.moveaxis(shown, 1, -1) / 2 + 0.5 if shown.shape[1] == 3 else shown.mean(1)
