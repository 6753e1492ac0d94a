"""Folders of memory-mapped arrays: there whole or not at all, checked when opened, made again when damaged.

A folder holds one uncompressed `.npy` file per array and `about.json`, with what else is to be known and the SHA-256 of
all of it. Several processes may fill the same cache at once (see `bench.folders`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import folders
from bench.folders import Damaged

ABOUT = "about.json"


@dataclass(frozen=True, eq=False)
class Contents:
    """Arrays by name, and JSON about them."""

    arrays: Mapping[str, np.ndarray]
    about: Mapping[str, Any]


def fetch(folder: Path, make: Callable[[], Contents]) -> Contents:
    """Open a folder; make it first if it is missing or damaged.

    Raises:
        InputError: the cache cannot be written.
    """
    try:
        return read(folder)
    except Damaged as damage:
        if folder.exists():
            logging.getLogger(__name__).warning("%s; it is made again", damage)
    write(folder, make())
    return read(folder)


def exists(folder: Path) -> bool:
    """Whether there is a folder, without checking its arrays."""
    return (folder / ABOUT).is_file()


def read(folder: Path) -> Contents:
    """Check a folder's files and map its arrays, copy-on-write: nothing written to them reaches the disk.

    Raises:
        Damaged: the folder or a file is missing, or a checksum differs.
    """
    try:
        stored = json.loads((folder / ABOUT).read_bytes())
        about, checksums = stored["about"], stored["checksums"]
        if stored["checksum"] != _checksum_of(about, checksums):
            raise ValueError(f"{ABOUT} is not what was written: its checksum differs")
        arrays = {name: _map(folder / f"{name}.npy", checksum) for name, checksum in checksums.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"the cache {folder} is missing or damaged ({error})") from error
    return Contents(arrays, about)


def _map(file: Path, checksum: str) -> np.ndarray:
    if folders.checksum_of_file(file) != checksum:
        raise ValueError(f"{file.name} is not what was written: its checksum differs")
    return np.load(file, mmap_mode="c", allow_pickle=False)


def _checksum_of(about: Mapping[str, Any], checksums: Mapping[str, str]) -> str:
    return folders.checksum(json.dumps([about, checksums], sort_keys=True).encode())


def write(folder: Path, contents: Contents) -> None:
    """Put a folder in its place, whole; a sound one that another process put there meanwhile stays.

    Raises:
        InputError: the disk is full, or the folder cannot be written; nothing half-written is left.
    """
    with folders.writable(f"the image cache {folder.parent}"):
        folders.sweep(folder.parent)
        with folders.writing(folder, is_sound=_is_sound) as temporary:
            _fill(temporary, contents)


def _fill(folder: Path, contents: Contents) -> None:
    for name, array in contents.arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    checksums = {name: folders.checksum_of_file(folder / f"{name}.npy") for name in contents.arrays}
    stored = {
        "about": contents.about,
        "checksums": checksums,
        "checksum": _checksum_of(contents.about, checksums),
    }
    (folder / ABOUT).write_text(json.dumps(stored, indent=1))


def _is_sound(folder: Path) -> bool:
    try:
        read(folder)
    except Damaged:
        return False
    return True


def read_note(file: Path) -> Any:
    """A small JSON file, or None if it is missing or damaged."""
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None


def write_note(file: Path, note: Any) -> None:
    """Write a small JSON file in one step.

    Raises:
        InputError: it cannot be written.
    """
    with folders.writable(f"the image cache {file.parent}"):
        folders.write_file(file, json.dumps(note).encode())
