"""Galleries of what diagnostics paint, network beside network: channels, filters, class images and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.analysis.galleries import (
    CHANNELS,
    CLASS_IMAGES,
    DREAMS,
    FILTERS,
    OTHER_START,
    Painted,
    first,
    painted,
)
from bench.analysis.looks import Looks
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.figures._mosaic import Mosaic, Strip, illustration, originals, paint
from bench.render.kit.figure import Figure
from bench.render.kit.names import compact
from bench.render.kit.pictures import photographs, thumbnails
from bench.roles import ORIGINAL, OTHER_SEED


def channels(study: Study, networks: list[Painted]) -> Mosaic:
    """A column per channel of the original, which is shown a second time from another start."""
    names = compact(study.plan)
    strips: list[Strip] = []
    layers: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    for network in (network for network in networks if network.there):
        arrays, label = network.arrays, network.variant.label
        suffix = " (matched)" if network.role == OTHER_SEED else ""
        strips.append(Strip.of(names[label] + suffix, network.variant, _driven(network["images"], network["channels"])))
        if label == ORIGINAL:
            layers, heads = tuple(map(str, arrays["layers"])), tuple(map(str, arrays["channels"].tolist()))
            if f"images.{OTHER_START}" in arrays:
                again = _driven(arrays[f"images.{OTHER_START}"], arrays[f"channels.{OTHER_START}"])
                strips.append(Strip(f"{names[label]}, other start", again, control=True))
    return Mosaic(strips, heads, layers)


def _driven(images: np.ndarray, matched: np.ndarray) -> np.ndarray:
    """(U, h, w, 3) if images have three colours, else (U, h, w) their mean; NaN if there is no channel."""
    shown = np.moveaxis(images, 1, -1) / 255.0
    shown[matched < 0] = np.nan
    return thumbnails(shown if shown.shape[-1] == 3 else shown.mean(-1))


def filters(study: Study, networks: list[Painted]) -> Mosaic:
    """A column per filter of the original."""
    strips = _strips(study, networks, lambda network: thumbnails(shapes(network["filters"], network["matched"])))
    count = len(first(networks)["matched"])
    return Mosaic(strips, tuple(map(str, range(count))), scale="RdBu_r", ends=(-1.0, 1.0))


def shapes(weights: np.ndarray, matched: np.ndarray) -> np.ndarray:
    """Each filter in units of its own largest absolute weight; NaN if the network has none for the original's.

    Args:
        weights: (m, C, k, k) of a network's filters.
        matched: (n,) for each filter of the original the index of this network's, -1 for none.

    Returns:
        (n, k, k, 3) from 0 to 1 if filters have three colours, else (n, k, k) their mean.
    """
    # A weight of 0 is mid-grey in colour; filters of other channels keep their sign, for a diverging scale.
    weights = weights.astype(np.float64)
    largest = np.abs(weights).max((1, 2, 3), keepdims=True)
    shown = (weights / np.where(largest > 0, largest, 1))[np.maximum(matched, 0)]
    shown[matched < 0] = np.nan
    return np.moveaxis(shown, 1, -1) / 2 + 0.5 if shown.shape[1] == 3 else shown.mean(1)


def class_images(study: Study, networks: list[Painted]) -> Mosaic:
    """A column per class."""
    strips = _strips(study, networks, lambda network: photographs(network["images"]))
    return Mosaic(strips, tuple(map(study.plan.data.named, first(networks).arrays["classes"].tolist())))


def dreams(study: Study, networks: list[Painted]) -> Mosaic:
    """A column per image."""
    arrays = first(networks).arrays
    strips = _strips(study, networks, lambda network: photographs(network["images"]))
    return Mosaic([*originals(arrays), *strips], tuple(map(str, arrays["images"].tolist())))


def _strips(study: Study, networks: Sequence[Painted], pictures: Callable[[Painted], np.ndarray]) -> list[Strip]:
    names = compact(study.plan)
    return [Strip.of(names[n.variant.label], n.variant, pictures(n) if n.there else None) for n in networks]


@dataclass(frozen=True)
class Gallery:
    """The figures of one diagnostic.

    Attributes:
        kind: the first word of a figure's id.
        title: with "{}" for the model.
        mosaic: the pictures of the networks that are shown.
        caption: what it shows.
        tables: ids of the tables that hold what is drawn.
        alt: with "{title}" or "{model}".
        see: where the details say that numbers are.
        details: how it was made.
        least: pixels of an image's side from which pictures are drawn; below, they are in the data alone.
    """

    diagnostic: str
    kind: str
    title: str
    mosaic: Callable[[Study, list[Painted]], Mosaic]
    caption: str
    tables: tuple[str, ...] = ("gallery", "units")
    alt: str = "Grid of pictures, {title}: one row per network; all are in the data file."
    see: str = ""
    details: str = ""
    least: int = 0


LEAST = 32  # below, channel images and filters are a few squares in which nobody sees anything
GALLERIES = (
    Gallery(
        CHANNELS, "channels", "What drives channels of {}", channels,
        "Images painted to drive a channel of the original, the same way for every network. Above each column: the "
        "block and the channel.",
        ("channel-images", "units"),
        "Grid of images for channels of {model}: one row per network, one column per channel.",
        ", see the table of channels for all",
        "Gradient ascent paints them for channels of the last block of each stage. Other start: the original again "
        "from another random image, which is how much the picture alone varies. Another seed: the channel matched by "
        "its activations. Of the methods: the one whose transfer ratio is nearest to 1, the middle one and the "
        "farthest. Quantisers of feature maps are by-passed. Empty: there is no such channel.",
        LEAST,
    ),
    Gallery(
        FILTERS, "filters", "First filters of {}", filters,
        "Filters of the first convolution, its batch norm multiplied in. Above each column: the original's index.",
        details="Filters of three colours are drawn in them, with grey for zero. Others go from blue (negative) over "
        "white (zero) to red. Each filter is drawn in units of its own largest absolute weight: shapes can be "
        "compared, strengths are in the data. A network of another training or width shows the filter that is matched "
        "to the original's, by the Hungarian method on the cosine. Of the methods: the one whose filters are nearest "
        "to the original's, the middle one and the farthest. Empty: none is left.",
        least=LEAST,
    ),
    Gallery(
        CLASS_IMAGES, "class-images", "What {} would most like to see of a class", class_images,
        "Images painted for the logit of a class, the same way for every network. Above each column: the class.",
        details="Gradient ascent paints them; quantisers of feature maps are by-passed. Of the methods: the one that "
        "recognises most of the original's images, the middle one and the one that recognises fewest.",
    ),
    Gallery(
        DREAMS, "dreams", "What {} sees more of", dreams,
        "Probe images changed so that the last block is excited more, the same way for every network. First row: as "
        "they were.",
        ("gallery",),
        details="Gradient ascent changes them; the block is the last with feature maps, and quantisers of feature maps "
        "are by-passed. Above each column: the index in the probe. Of the methods: the profile's first, middle and "
        "last. Pictures without a number.",
    ),
)  # fmt: skip


def build(study: Study) -> list[Figure]:
    """Per gallery one figure per model that its diagnostic looked into."""
    return [figure for gallery in GALLERIES for figure in _figures(study, gallery)]


def _figures(study: Study, gallery: Gallery) -> Iterator[Figure]:
    looks = Looks(study, gallery.diagnostic)
    if 0 < study.plan.data.size < gallery.least:  # 0: an older plan does not say
        return
    for model in study.models:
        networks, title = painted(looks, model), gallery.title.format(title_of(study, model))
        if networks:
            alt, drawing = (
                gallery.alt.format(title=title, model=title_of(study, model)),
                partial(paint, gallery.mosaic(study, networks)),
            )
            yield illustration(
                looks,
                model,
                gallery.kind,
                title,
                gallery.caption,
                alt,
                drawing,
                gallery.tables,
                see=gallery.see,
                details=gallery.details,
            )
