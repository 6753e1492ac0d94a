"""What a network would most like to see of a class, network beside network."""

from __future__ import annotations

from bench.analysis.galleries import CLASS_IMAGES, first, painted
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.figures import _gallery, _grid, _mosaic
from bench.render.kit.figure import Figure


def build(study: Study) -> list[Figure]:
    """One figure a model."""
    return _gallery.figures(
        study, CLASS_IMAGES, gallery, "class-images", "What {} would most like to see of a class",
        "Images that gradient ascent paints for the logit of a class (above each column), the same way for every "
        "network; quantisers of feature maps are by-passed. Of the methods: the one that recognises most of the "
        "original's images, the middle one and the one that recognises fewest.",
        ("gallery", "units"),
    )  # fmt: skip


def gallery(looks: Looks, model: str) -> _grid.Grid:
    """The class images of the networks that are shown."""
    found = painted(looks, model)
    if not found:
        return _grid.Grid([], ())
    heads = tuple(looks.study.plan.data.named(each) for each in first(found).arrays["classes"].tolist())
    rows = _gallery.rows(looks.study, found, lambda each: _mosaic.photographs(each.arrays[f"images.{each.role}"]))
    return _grid.Grid(rows, heads)
