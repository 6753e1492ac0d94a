"""From a source to a data set, by way of the cache.

Three folders of the cache: `sources/` notes what was found behind a stamp, `images/<content>/` holds all that a source
yields, and `divided/<fingerprint>/` its training images in their two parts, so that each part can be memory-mapped.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import registry
from bench.data import _cache, split
from bench.data._cache import Contents
from bench.data._moments import moments
from bench.data.image_set import ImageSet, Split
from bench.data.source import Source
from bench.folders import Damaged


@dataclass(frozen=True)
class Division:
    """How a data set is divided; see `bench.data.load`."""

    validation: float
    split_seed: int
    probe: int
    probe_seed: int


def prepare(source: Source, division: Division, cache: Path) -> ImageSet:
    """Open what the cache holds, and make what it does not."""
    content, decoded = _decoded(source, cache)
    fingerprint = _fingerprint(content, division)
    divided = _cache.fetch(_divided_folder(cache, fingerprint), lambda: _divide(decoded, division))
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
    )


def kept_test_images(content: str, cache: Path) -> np.ndarray | None:
    """(n, C, H, W) uint8 that the cache holds; None where it does not hold them, or damaged."""
    try:
        return _cache.read(_images_folder(cache, content)).arrays.get("test_images") if content else None
    except Damaged:
        return None


def known_fingerprint(source: Source, division: Division, cache: Path) -> str | None:
    """The data set's fingerprint where the cache holds it, without opening an array."""
    content = _known_content(_note(source, cache), cache)
    fingerprint = content and _fingerprint(content, division)
    return fingerprint if fingerprint and _cache.exists(_divided_folder(cache, fingerprint)) else None


def _decoded(source: Source, cache: Path) -> tuple[str, Contents]:
    """A source's images, and the fingerprint of their content."""
    note = _note(source, cache)
    content = _known_content(note, cache)
    if content:
        try:
            return content, _cache.read(_images_folder(cache, content))
        except Damaged as damage:
            logging.getLogger(__name__).warning("%s; the images are decoded again", damage)
    raw = source.read()
    content = raw.fingerprint()
    _cache.write(_images_folder(cache, content), Contents(raw.arrays(), {"classes": raw.classes}))
    _cache.write_note(note, {"content": content})
    return content, _cache.read(_images_folder(cache, content))


def _note(source: Source, cache: Path) -> Path:
    """The file that says what was found behind the source's stamp."""
    behind = json.dumps([type(source).__name__, registry.version(type(source)), source.stamp()])
    return cache / "sources" / f"{_hash(behind, 32)}.json"


def _known_content(note: Path, cache: Path) -> str | None:
    known = _cache.read_note(note)
    content = known.get("content") if isinstance(known, dict) else None
    return content if content and _cache.exists(_images_folder(cache, str(content))) else None


def _divide(decoded: Contents, division: Division) -> Contents:
    """Draw the validation images out of train, and the probe set from test."""
    images, labels = decoded.arrays["train_images"], decoded.arrays["train_labels"]
    probe = split.probe(decoded.arrays["test_labels"], division.probe, division.probe_seed)
    held = split.hold_out(labels, division.validation, division.split_seed, decoded.about["classes"])
    kept = np.setdiff1d(np.arange(len(labels)), held)
    train = images[kept]
    mean, std = moments(train)
    arrays: dict[str, Any] = {
        "train_images": train,
        "train_labels": labels[kept],
        "validation_images": images[held],
        "validation_labels": labels[held],
        "probe": probe,
    }
    return Contents(arrays, {"mean": mean, "std": std})


def _part(contents: Contents, name: str) -> Split:
    return Split(contents.arrays[f"{name}_images"], contents.arrays[f"{name}_labels"])


def _fingerprint(content: str, division: Division) -> str:
    return _hash(json.dumps([content, split.VERSION, asdict(division)]), 16)


def _images_folder(cache: Path, content: str) -> Path:
    return cache / "images" / content


def _divided_folder(cache: Path, fingerprint: str) -> Path:
    return cache / "divided" / fingerprint


def _hash(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]
