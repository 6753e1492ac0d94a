"""The first convolution's filters, network beside network."""

from __future__ import annotations

import numpy as np

from bench.analysis.galleries import FILTERS, Painted, first
from bench.analysis.study import Study
from bench.render.figures import _gallery
from bench.render.figures._mosaic import Mosaic, thumbnails
from bench.render.kit.figure import Figure


def build(study: Study) -> list[Figure]:
    """One figure per model."""
    return _gallery.figures(
        study, FILTERS, mosaic, "filters", "First filters of {}",
        "Filters of the first convolution, its batch norm multiplied in; above each column the original's index. "
        "Filters of three colours are drawn in them, with grey for zero; others on a scale from blue (negative) "
        "over white (zero) to red. Each filter is drawn in units of its own largest absolute weight: shapes can be"
        " compared, strengths are in the data. A network of another training or width shows the filter that is "
        "matched to the original's (Hungarian method on the cosine). Of the methods: the one whose filters are "
        "nearest to the original's, the middle one and the farthest. Empty: none is left.",
        ("gallery", "units"),
    )  # fmt: skip


def mosaic(study: Study, networks: list[Painted]) -> Mosaic:
    """A column per filter of the original."""
    strips = _gallery.strips(study, networks, lambda n: thumbnails(pictures(n["filters"], n["matched"])))
    count = len(first(networks)["matched"])
    return Mosaic(strips, tuple(map(str, range(count))), scale="RdBu_r", ends=(-1.0, 1.0))


def pictures(filters: np.ndarray, matched: np.ndarray) -> np.ndarray:
    """Each filter in units of its own largest absolute weight; NaN if the network has none for the original's.

    Args:
        filters: (m, C, k, k) of a network.
        matched: (n,) for each filter of the original the index of this network's, -1 for none.

    Returns:
        (n, k, k, 3) from 0 to 1 if filters have three colours, else (n, k, k) their mean.
    """
    filters = filters.astype(np.float64)
    largest = np.abs(filters).max((1, 2, 3), keepdims=True)
    shown = (filters / np.where(largest > 0, largest, 1))[np.maximum(matched, 0)]
    shown[matched < 0] = np.nan
    return np.moveaxis(shown, 1, -1) / 2 + 0.5 if shown.shape[1] == 3 else shown.mean(1)
