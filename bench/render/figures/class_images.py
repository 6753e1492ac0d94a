"""What a network would most like to see of a class, network beside network."""

from __future__ import annotations

from bench.analysis.galleries import CLASS_IMAGES, Painted, first
from bench.analysis.study import Study
from bench.render.figures import _gallery
from bench.render.figures._mosaic import Mosaic, photographs
from bench.render.kit.figure import Figure


def build(study: Study) -> list[Figure]:
    """One figure per model."""
    return _gallery.figures(
        study, CLASS_IMAGES, mosaic, "class-images", "What {} would most like to see of a class",
        "Images that gradient ascent paints for the logit of a class (above each column), the same way for every "
        "network; quantisers of feature maps are by-passed. Of the methods: the one that recognises most of the "
        "original's images, the middle one and the one that recognises fewest.",
        ("gallery", "units"),
    )  # fmt: skip


def mosaic(study: Study, networks: list[Painted]) -> Mosaic:
    """A column per class."""
    classes = first(networks).arrays["classes"].tolist()
    strips = _gallery.strips(study, networks, lambda network: photographs(network["images"]))
    return Mosaic(strips, tuple(map(study.plan.data.named, classes)))
