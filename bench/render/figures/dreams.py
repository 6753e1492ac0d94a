"""What a network sees more of in an image, network beside network."""

from __future__ import annotations

from bench.analysis.galleries import DREAMS, first, painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _gallery, _grid, _mosaic
from bench.render.kit.figure import Figure


def build(study: Study) -> list[Figure]:
    """One figure a model."""
    return _gallery.figures(
        study, DREAMS, gallery, "dreams", "What {} sees more of",
        "Probe images (first row; above each column the index in the probe), changed by gradient ascent so that "
        "the last block with feature maps is excited more, the same way for every network; quantisers of feature "
        "maps are by-passed. Of the methods: the profile's first, middle and last. Pictures without a number.",
        ("gallery",),
    )  # fmt: skip


def gallery(looks: Looks, model: str) -> _grid.Grid:
    """The images, and what the networks that are shown made of them."""
    found = painted(looks, model)
    if not found:
        return _grid.Grid([], ())
    arrays = first(found).arrays
    rows = _gallery.rows(looks.study, found, lambda each: _mosaic.photographs(each.arrays[f"images.{each.role}"]))
    if "real" in arrays:
        rows.insert(0, _mosaic.Row(_gallery.REAL, _mosaic.photographs(arrays["real"]), True))
    return _grid.Grid(rows, tuple(map(str, arrays["images"].tolist())))
