"""What image files hold, found by reading each once: a hash of its bytes, and what its header says.

The result is a folder of the cache. It holds names, labels and kinds of all files as arrays that are memory-mapped, so
that no process needs memory for a list of a million paths.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import pictures
from bench.data._cache import Contents
from bench.data.objects import ObjectArrays
from bench.data.picture_files import shown
from bench.data.source import ImageFiles
from bench.errors import InputError

VERSION = 1  # part of the content: raised whenever the same files would be decoded to other pixels
BLOCK = 4096  # files handed to the threads at a time
MOST = 20  # unusable files that are named
GRAY, PLAIN = 1, 2  # bits of a file's kind: without colour; a JPEG that every decoder turns into the same pixels

Read = tuple[bytes, pictures.FileHeader] | str  # SHA-256 of a file and its header, or why it cannot be used


def survey(files: ImageFiles) -> Contents:
    """Read all files once.

    Returns:
        Arrays `names` (all paths behind one another, bytes), `ends` (of each path in it), `labels` and `kinds`,
        training files first; and about them: classes, the number of training files, `content` (16 hex digits over the
        bytes of all files, in order, with their labels and the names of classes), the ranges of sizes.

    Raises:
        InputError: files cannot be read as images; the first of them are named.
    """
    # The fingerprint is made of the files' bytes and not of paths and times, because those differ between machines that
    # hold the same images; reading every byte once takes as long as the disk takes. Names are no part of it, the order
    # that they bring about is.
    objects, notices = files.objects() if files.objects else (None, ())
    collected = _Survey(objects)
    digest = hashlib.sha256(json.dumps([VERSION, files.classes, files.fixed_classes]).encode())
    with ThreadPoolExecutor() as pool:
        for part, walked in (("train", files.train()), ("test", files.test())):
            digest.update(part.encode())
            for block in _blocks(walked):
                headers = pool.map(partial(_read, files.root), [path for _, path in block])
                for (label, path), header in zip(block, headers, strict=True):
                    if isinstance(header, str):
                        collected.problems.append(header)
                        continue
                    digest.update(label.to_bytes(8, "little") + header[0])
                    collected.add(part, label, files.root, path, *header)
                if len(collected.problems) >= MOST:
                    break
    if objects is not None:
        digest.update(objects.hash())
    return collected.contents(files, digest.hexdigest()[:16], notices)


@dataclass
class _Survey:
    """What was found so far; arrays hold one number per file."""

    objects: ObjectArrays | None = None
    names: bytearray = field(default_factory=bytearray)
    ends: array = field(default_factory=lambda: array("q"))
    labels: array = field(default_factory=lambda: array("q"))
    kinds: bytearray = field(default_factory=bytearray)
    digests: dict[str, array] = field(default_factory=lambda: {"train": array("Q"), "test": array("Q")})
    widths: tuple[int, int] = (1 << 30, 0)
    heights: tuple[int, int] = (1 << 30, 0)
    square: bool = True
    traits: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Path] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, part: str, label: int, root: Path, path: str, digest: bytes, header: pictures.FileHeader) -> None:
        if self.objects is not None and not self.problems:
            height, width = self.objects.sizes[len(self.ends)].tolist()
            if header.size != (width, height):
                upright = " once it is turned upright" if pictures.ROTATED in header.traits else ""
                given = "×".join(map(str, header.size))
                self.problems.append(
                    f"{shown(root / path)} is of {given} pixels{upright}, its annotations are of {width}×{height}"
                )
        self.names += os.fsencode(path)
        self.ends.append(len(self.names))
        self.labels.append(label)
        self.kinds.append(GRAY * header.gray + PLAIN * header.plain)
        self.digests[part].append(int.from_bytes(digest[:8], "little"))
        width, height = header.size
        self.widths = min(self.widths[0], width), max(self.widths[1], width)
        self.heights = min(self.heights[0], height), max(self.heights[1], height)
        self.square &= width == height
        self.traits.update(header.traits)
        for trait in header.traits:
            self.examples.setdefault(trait, root / path)

    def contents(self, files: ImageFiles, content: str, notices: tuple[str, ...]) -> Contents:
        if self.problems:
            more = [] if len(self.problems) <= MOST else ["there are more such files"]
            raise InputError([*self.problems[:MOST], *more])
        counts = {part: len(digests) for part, digests in self.digests.items()}
        if lacking := [part for part, count in counts.items() if not count]:
            raise InputError(f"{files.root} has no image for {' and '.join(lacking)}")
        told = pictures.tell(self.traits, self.examples, lambda file: str(file.relative_to(files.root)))
        notices = (*notices, *told)
        arrays: dict[str, np.ndarray] = {
            "names": np.frombuffer(self.names, np.uint8),
            "ends": np.frombuffer(self.ends, np.int64),
            "labels": np.frombuffer(self.labels, np.int64),
            "kinds": np.frombuffer(self.kinds, np.uint8),
            **(self.objects.stored() if self.objects is not None else {}),
        }
        gray = bool((arrays["kinds"] & GRAY).all())
        train, test = (np.frombuffer(digests, np.uint64) for digests in self.digests.values())
        shared = int(np.isin(test, train).sum())
        if shared:  # what is learnt by heart would pass for accuracy
            sentence = (
                f"{shared:,} of {len(test):,} test images are training images too: accuracies on them prove nothing"
            )
            logging.getLogger(__name__).warning(sentence)
            notices = (*notices, sentence)
        about: dict[str, Any] = {
            "classes": files.classes,
            "content": content,
            "root": os.fsencode(files.root).hex(),  # of this machine; only the report asks, for pictures of test images
            "train": counts["train"],
            "channels": 1 if gray and not files.fixed_classes else 3,
            "widths": self.widths,
            "heights": self.heights,
            "square": self.square,
            "shared": shared,
            "notices": notices,
        }
        return Contents(arrays, about)


def _blocks(walked: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    files = iter(walked)
    while block := list(islice(files, BLOCK)):
        yield block


def _read(root: Path, path: str) -> Read:
    file = root / path
    try:
        data = file.read_bytes()
        return hashlib.sha256(data).digest(), pictures.header(file, data)
    except OSError as error:
        return f"{shown(file)} cannot be read ({error.strerror})"
    except InputError as error:
        return str(error)


def one_size(files: ImageFiles) -> pictures.Size | None:
    """Width and height of all images if they share one, from headers alone; None if two differ."""
    size = None
    for part in (files.train(), files.test()):
        for _, path in part:
            other = pictures.size(files.root / path)
            if size is not None and other != size:
                return None
            size = other
    return size
