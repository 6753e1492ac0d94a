"""Data sets that are not decoded into the cache: which they are, and how they come from their files.

The cache keeps lists of their files and which of them belong to which part; the files themselves stay where they are.
"""

# A stamp of paths, sizes and times is quick to make and finds the list that was made of the same files before. The
# fingerprint, which is part of cells' keys, is made of the files' bytes: it is the same on every machine and in every
# folder, and no image can change without it. That needs all of them read once per machine.

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np

from bench import guests
from bench.data import _cache, split
from bench.data._cache import Contents
from bench.data._prepare import Division, divided_folder, fingerprint_of, moments_of, note_of
from bench.data.file_list import FileList
from bench.data.image_set import ImageSet, Split
from bench.data.objects import ObjectArrays, Objects
from bench.data.source import ImageFiles, Source
from bench.errors import InputError
from bench.folders import Damaged

RESIDENT = 2**31  # bytes of pixels up to which images are decoded at once
MEASURED = 1024  # training images whose mean and deviation stand for those of all


def is_streamed(source: Source, said: bool | None, cache: Path) -> bool:
    """Whether a source's images are decoded when they are needed.

    Args:
        said: by the profile; None if size decides: images that differ in size, are not square, or together are larger
            than 2 GiB are streamed.

    Raises:
        InputError: what is said cannot be.
    """
    files = _files_of(source)
    if files is None:
        if said:
            raise InputError(f"data source {source.name!r} holds no image files: only those can be streamed")
        return False
    if files.fixed_classes:
        if said is False:
            raise InputError(f"data source {source.name!r} is always streamed: leave out streamed = false")
        return True
    if said is not None:
        return said
    note = _note(source, cache, "chosen")
    chosen = _cache.read_note(note)
    if not isinstance(chosen, bool):
        chosen = _must_be_streamed(files)
        _cache.write_note(note, chosen)
    return chosen


def _must_be_streamed(files: ImageFiles) -> bool:
    from bench.data import survey  # needs PIL

    counted = sum(1 for part in (files.train(), files.test()) for _ in part)
    first = next(files.train(), None)
    if first is None:
        return False
    width, height = survey.pictures.size(files.root / first[1])
    return counted * width * height * 3 > RESIDENT or width != height or survey.one_size(files) is None


def prepare(source: Source, division: Division, cache: Path, workers: int | None) -> ImageSet:
    """The data set from the cache's lists; what the cache lacks is made first."""
    from bench.data import streamed  # it imports torch

    files = _files(source)
    folder, surveyed = _surveyed(source, files, cache)
    content, about = str(surveyed.about["content"]), surveyed.about
    reader = streamed.Files(
        FileList(folder, files.root),
        about["channels"],
        tuple(about["widths"]),
        tuple(about["heights"]),
        square=about["square"],
    )
    labels, trained = surveyed.arrays["labels"], int(about["train"])
    fingerprint = fingerprint_of(content, division)
    divided = _cache.fetch(
        divided_folder(cache, fingerprint), lambda: _divide(reader, labels, trained, division, files)
    )
    numbers = {
        "train": divided.arrays["train"],
        "validation": divided.arrays["validation"],
        "test": np.arange(trained, len(labels)),
    }
    annotated = ObjectArrays.read(surveyed.arrays)
    parts = {
        part: Split(
            streamed.StreamedImages(reader, numbers=chosen, workers=workers, whole=annotated is not None),
            labels[chosen],
            Objects(annotated, chosen) if annotated is not None else None,
        )
        for part, chosen in numbers.items()
    }
    same = about["shared"] == len(labels) - trained
    return ImageSet(
        name=source.name,
        title=f"{source.title}, mechanics only: test = train" if same else source.title,
        classes=files.classes,
        probe=np.array(divided.arrays["probe"]),
        mean=tuple(divided.about["mean"]),
        std=tuple(divided.about["std"]),
        fingerprint=fingerprint,
        content=content,
        notices=(*about.get("notices", ()), *divided.about.get("notices", ())),
        **parts,
    )


def known_fingerprint(source: Source, division: Division, cache: Path) -> str | None:
    """The data set's fingerprint from the cache's notes; None if the cache does not hold its lists."""
    entry = _cache.read_note(_note(source, cache, "files"))
    if not isinstance(entry, dict) or not _cache.exists(cache / "files" / str(entry.get("files"))):
        return None
    fingerprint = fingerprint_of(str(entry.get("content")), division)
    return fingerprint if _cache.exists(divided_folder(cache, fingerprint)) else None


def _surveyed(source: Source, files: ImageFiles, cache: Path) -> tuple[Path, Contents]:
    """The list of a source's files, and the folder that it is in."""
    note = _note(source, cache, "files")
    entry = _cache.read_note(note)
    if isinstance(entry, dict) and "files" in entry:
        folder = cache / "files" / str(entry["files"])
        try:
            return folder, _cache.read(folder)
        except Damaged as damage:
            logging.getLogger(__name__).warning("%s; the files are listed again", damage)
    from bench.data.survey import survey  # needs PIL

    contents = survey(files)
    content = contents.about["content"]
    # The same images may have other names elsewhere, under which they are to be found there.
    names = hashlib.sha256(contents.arrays["names"].tobytes()).hexdigest()[:8]
    folder = cache / "files" / f"{content}-{names}"
    _cache.write(folder, contents)
    _cache.write_note(note, {"content": content, "files": folder.name})
    return folder, _cache.read(folder)


def _divide(reader: Any, labels: np.ndarray, trained: int, division: Division, files: ImageFiles) -> Contents:
    """Draw the validation images out of train and the probe set from test: numbers of files."""
    of_train, notices = np.array(labels[:trained]), []
    if files.objects is not None:  # an image shows many classes: none of them is its own, to keep the share of
        of_train[:] = 0
    if files.fixed_classes:
        few = int((np.bincount(of_train, minlength=len(files.classes)) < 2).sum())
        if few and files.objects is None:
            notices = [
                f"{few:,} of {len(files.classes):,} classes have fewer than 2 training images: these are split without "
                "stratifying"
            ]
            logging.getLogger(__name__).warning(notices[0])
        held_out = split.hold_out_of_few(of_train, division.validation, division.split_seed)
    else:
        held_out = split.hold_out(of_train, division.validation, division.split_seed, files.classes)
    train = np.setdiff1d(np.arange(trained), held_out)
    if files.normalisation is not None:
        mean, std = files.normalisation
    else:
        chosen = train[np.linspace(0, len(train) - 1, min(len(train), MEASURED)).astype(int)]
        mean, std = moments_of((reader(number).numpy()[None] for number in chosen.tolist()), len(chosen))
    arrays = {
        "train": train,
        "validation": held_out,
        "probe": split.probe(labels[trained:], division.probe, division.probe_seed),
    }
    return Contents(arrays, {"mean": mean, "std": std, "notices": notices})


def _files_of(source: Source) -> ImageFiles | None:
    with guests.blamed(source, f"data source {source.name!r}, its files"):
        return source.files()


def _files(source: Source) -> ImageFiles:
    files = _files_of(source)
    assert files is not None  # or the source is not streamed
    return files


def _note(source: Source, cache: Path, what: str) -> Path:
    return cache / "streamed" / f"{note_of(source, cache).stem}-{what}.json"
