"""What a network sees more of in an image, network beside network."""

from __future__ import annotations

from bench.analysis.galleries import DREAMS, Painted, first
from bench.analysis.study import Study
from bench.render.figures import _gallery
from bench.render.figures._mosaic import Mosaic, photographs
from bench.render.kit.figure import Figure


def build(study: Study) -> list[Figure]:
    """One figure per model."""
    return _gallery.figures(
        study, DREAMS, mosaic, "dreams", "What {} sees more of",
        "Probe images (first row; above each column the index in the probe), changed by gradient ascent so that "
        "the last block with feature maps is excited more, the same way for every network; quantisers of feature "
        "maps are by-passed. Of the methods: the profile's first, middle and last. Pictures without a number.",
        ("gallery",),
    )  # fmt: skip


def mosaic(study: Study, networks: list[Painted]) -> Mosaic:
    """A column per image; the images themselves first, if they were kept."""
    arrays = first(networks).arrays
    images = [_gallery.real(arrays["real"])] if "real" in arrays else []
    strips = _gallery.strips(study, networks, lambda network: photographs(network["images"]))
    return Mosaic([*images, *strips], tuple(map(str, arrays["images"].tolist())))
