"""From a source to a data set, by way of the cache.

The cache has these folders: `sources/` notes which content each stamp stands for, `images/<content>/` holds all images
of a source, and `divided/<fingerprint>/` its training images in their two parts, so that each can be memory-mapped;
`files/` and `streamed/` list the files of sources that are streamed (see `_streaming.py`).
"""

# Two levels of names let a warm cache answer without decoding. A stamp (paths, sizes, times) is quick to make, but
# changes with every copy of the same images; content (a hash of all pixels) does not, but needs them decoded. The note
# under the stamp leads to the content. The fingerprint, which is part of cells' keys, depends on content, division and
# the version of the draw alone: the same images elsewhere, or touched, are the same data set.

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from bench import guests, registry
from bench.data import _cache, split
from bench.data._cache import Contents
from bench.data.image_set import Images, ImageSet, Split
from bench.data.picture_files import shown
from bench.data.source import RawImages, Source, check
from bench.errors import InputError
from bench.folders import Damaged

WHITE = 255
CHUNK = 1024  # images widened at a time
_STAMPS: WeakKeyDictionary[Source, str] = WeakKeyDictionary()  # hashed


@dataclass(frozen=True)
class Division:
    """How a data set is divided; see `bench.data.load`."""

    validation: float
    split_seed: int
    probe: int
    probe_seed: int


def prepare(source: Source, division: Division, cache: Path) -> ImageSet:
    """The data set from the cache; what the cache lacks is made first."""
    content, decoded, notices = _decoded(source, cache)
    fingerprint = fingerprint_of(content, division)
    divided = _cache.fetch(divided_folder(cache, fingerprint), lambda: _divide(decoded, division))
    return ImageSet(
        name=source.name,
        title=source.title,
        classes=tuple(decoded.about["classes"]),
        train=_part(divided, "train"),
        validation=_part(divided, "validation"),
        test=_part(decoded, "test"),
        probe=np.array(divided.arrays["probe"]),
        mean=tuple(divided.about["mean"]),
        std=tuple(divided.about["std"]),
        fingerprint=fingerprint,
        content=content,
        notices=notices,
    )


def kept_test_images(content: str, cache: Path) -> Images | None:
    """Test images (n, C, H, W) uint8 from the cache, of streamed sets as small pictures; None if they are gone."""
    try:
        return _cache.read(_images_folder(cache, content)).arrays.get("test_images") if content else None
    except Damaged:
        from bench.data.kept_pictures import kept_pictures  # needs PIL

        return kept_pictures(content, cache)


def kept_moments(fingerprint: str, cache: Path) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and standard deviation that a data set's images are normalised by; None if the cache does not hold it."""
    try:
        about = _cache.read(divided_folder(cache, fingerprint)).about if fingerprint else {}
    except Damaged:
        return None
    return (tuple(about["mean"]), tuple(about["std"])) if about else None


def known_fingerprint(source: Source, division: Division, cache: Path) -> str | None:
    """The data set's fingerprint without opening an array; None if the cache does not hold the data set."""
    content = _known_content(note_of(source, cache), cache)
    fingerprint = content and fingerprint_of(content, division)
    return fingerprint if fingerprint and _cache.exists(divided_folder(cache, fingerprint)) else None


def _decoded(source: Source, cache: Path) -> tuple[str, Contents, tuple[str, ...]]:
    """The fingerprint of a source's content, its images, and what was done to them."""
    note = note_of(source, cache)
    content = _known_content(note, cache)
    if content:
        try:
            return content, _cache.read(_images_folder(cache, content)), _known_notices(note)
        except Damaged as damage:
            logging.getLogger(__name__).warning("%s; the images are decoded again", damage)
    raw = _read(source)
    content = raw.fingerprint()
    _cache.write(_images_folder(cache, content), Contents(raw.arrays(), {"classes": raw.classes}))
    # with the note and not the images: files that were converted elsewhere hold the same pixels without a notice
    notices = tuple(map(shown, raw.notices))
    _cache.write_note(note, {"content": content, "notices": notices})
    return content, _cache.read(_images_folder(cache, content)), notices


def _read(source: Source) -> RawImages:
    with guests.blamed(source, f"data source {source.name!r}, reading its images"):
        raw = source.read()
        check(raw)
    return raw


def note_of(source: Source, cache: Path) -> Path:
    """The file that names the content behind the source's stamp."""
    # A source is opened anew whenever it is loaded, and the stamp of a million files takes seconds: once is enough.
    if source not in _STAMPS:
        with guests.blamed(source, f"data source {source.name!r}, its stamp"):
            behind = json.dumps([type(source).__name__, registry.version(type(source)), source.stamp()])
        _STAMPS[source] = _hash(behind, 32)
    return cache / "sources" / f"{_STAMPS[source]}.json"


def _known_content(note: Path, cache: Path) -> str | None:
    entry = _cache.read_note(note)
    content = entry.get("content") if isinstance(entry, dict) else None
    return content if content and _cache.exists(_images_folder(cache, str(content))) else None


def _known_notices(note: Path) -> tuple[str, ...]:
    entry = _cache.read_note(note)
    notices = entry.get("notices", []) if isinstance(entry, dict) else []
    return tuple(map(str, notices)) if isinstance(notices, list) else ()


def _divide(decoded: Contents, division: Division) -> Contents:
    """Draw the validation images out of train, and the probe set from test."""
    # Mean and deviation are those of the images that are trained on: validation images stay unseen.
    images, labels = decoded.arrays["train_images"], decoded.arrays["train_labels"]
    probe = split.probe(decoded.arrays["test_labels"], division.probe, division.probe_seed)
    held_out = split.hold_out(labels, division.validation, division.split_seed, decoded.about["classes"])
    trained_on = np.setdiff1d(np.arange(len(labels)), held_out)
    train = images[trained_on]
    mean, std = moments(train)
    arrays: dict[str, Any] = {
        "train_images": train,
        "train_labels": labels[trained_on],
        "validation_images": images[held_out],
        "validation_labels": labels[held_out],
        "probe": probe,
    }
    return Contents(arrays, {"mean": mean, "std": std})


def moments(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, on the 0..1 scale.

    Args:
        images: (n, C, H, W) uint8.

    Raises:
        InputError: a channel has one value everywhere, so that it cannot be normalised.
    """
    return moments_of((images[start : start + CHUNK] for start in range(0, len(images), CHUNK)), len(images))


def moments_of(chunks: Iterable[np.ndarray], count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """As `moments`, of images some at a time, (k, C, H, W) uint8 of any height and width.

    Args:
        count: number of images, for the message.
    """
    # Sums of integers are exact, so the order of images cannot change a bit of the result. With n pixels of value x the
    # variance is (n Σx² - (Σx)²) / n²; in integers that difference loses no digit, as it would in floating point.
    pixels, totals, squares = 0, list[int](), list[int]()
    for chunk in chunks:
        wide = chunk.astype(np.uint32)
        pixels += chunk.size // chunk.shape[1]
        sums = wide.sum((0, 2, 3), np.int64).tolist(), np.square(wide).sum((0, 2, 3), np.int64).tolist()
        totals, squares = ([a + b for a, b in zip_longest(*both, fillvalue=0)] for both in zip((totals, squares), sums))
    spreads = [pixels * square - total**2 for total, square in zip(totals, squares, strict=True)]  # pixels² variances
    for channel, spread in enumerate(spreads):
        if spread == 0:
            raise InputError(f"channel {channel} of all {count} training images has the same value everywhere")
    mean = tuple(total / pixels / WHITE for total in totals)
    return mean, tuple(math.sqrt(spread) / pixels / WHITE for spread in spreads)


def _part(contents: Contents, name: str) -> Split:
    return Split(contents.arrays[f"{name}_images"], contents.arrays[f"{name}_labels"])


def fingerprint_of(content: str, division: Division) -> str:
    """The fingerprint of some content in its parts, 16 hex digits."""
    return _hash(json.dumps([content, split.VERSION, asdict(division)]), 16)


def _images_folder(cache: Path, content: str) -> Path:
    return cache / "images" / content


def divided_folder(cache: Path, fingerprint: str) -> Path:
    """Where the cache keeps which images belong to which part."""
    return cache / "divided" / fingerprint


def _hash(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]
