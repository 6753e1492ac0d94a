"""Folders of memory-mapped arrays: there whole or not at all, checked when opened, made again when damaged.

A folder holds one uncompressed `.npy` file an array and `about.json`, with what else is to be known and the SHA-256 of
all of it. It is written under a temporary name beside its place and renamed into it, so several processes may
fill the same cache at once.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import InputError

ABOUT = "about.json"


class Damaged(Exception):
    """A folder of the cache is missing or not what was written; the message says how."""


@dataclass(frozen=True, eq=False)
class Contents:
    """Arrays by name, and JSON about them."""

    arrays: Mapping[str, np.ndarray]
    about: Mapping[str, Any]


def fetch(place: Path, make: Callable[[], Contents]) -> Contents:
    """Open a folder, or make it first where it is missing or damaged.

    Raises:
        InputError: the cache cannot be written.
    """
    try:
        return read(place)
    except Damaged as damage:
        if place.exists():
            logging.getLogger(__name__).warning("%s; it is made again", damage)
    write(place, make())
    return read(place)


def exists(place: Path) -> bool:
    """Whether there is a folder, without checking its arrays."""
    return (place / ABOUT).is_file()


def read(place: Path) -> Contents:
    """Check a folder's files and map its arrays, copy-on-write: nothing written to them reaches the disk.

    Raises:
        Damaged: the folder or a file is missing, or a checksum differs.
    """
    try:
        stored = json.loads((place / ABOUT).read_bytes())
        about, checksums = stored["about"], stored["checksums"]
        if stored["checksum"] != _checksum_of(about, checksums):
            raise ValueError(f"{ABOUT} is not what was written: its checksum differs")
        arrays = {name: _map(place / f"{name}.npy", checksum) for name, checksum in checksums.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"the cache {place} is missing or damaged ({error})") from error
    return Contents(arrays, about)


def _map(file: Path, checksum: str) -> np.ndarray:
    if _checksum(file) != checksum:
        raise ValueError(f"{file.name} is not what was written: its checksum differs")
    return np.load(file, mmap_mode="c", allow_pickle=False)


def _checksum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _checksum_of(about: Mapping[str, Any], checksums: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps([about, checksums], sort_keys=True).encode()).hexdigest()


def write(place: Path, contents: Contents) -> None:
    """Put a folder in its place, whole; a sound one that another process put there meanwhile stays.

    Raises:
        InputError: the disk is full, or the folder cannot be written; nothing half-written is left.
    """
    with _writable(place.parent):
        temporary = _temporary_folder(place.parent)
        try:
            _fill(temporary, contents)
            _move_into_place(temporary, place)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _fill(folder: Path, contents: Contents) -> None:
    for name, array in contents.arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    checksums = {name: _checksum(folder / f"{name}.npy") for name in contents.arrays}
    stored = {
        "about": contents.about,
        "checksums": checksums,
        "checksum": _checksum_of(contents.about, checksums),
    }
    (folder / ABOUT).write_text(json.dumps(stored, indent=1))


def _move_into_place(temporary: Path, place: Path) -> None:
    while True:
        try:
            temporary.rename(place)
            return
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        if _is_sound(place):
            return
        _discard(place)


def _is_sound(place: Path) -> bool:
    try:
        read(place)
    except Damaged:
        return False
    return True


def _discard(place: Path) -> None:
    """Remove a folder, by a rename first so that no half is ever seen; processes that map its files keep them."""
    grave = _temporary_folder(place.parent)
    with contextlib.suppress(FileNotFoundError):  # another process was first
        place.rename(grave)
    shutil.rmtree(grave, ignore_errors=True)


def read_note(file: Path) -> Any:
    """A small JSON file, or None where it is missing or damaged."""
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None


def write_note(file: Path, note: Any) -> None:
    """Write a small JSON file in one step.

    Raises:
        InputError: it cannot be written.
    """
    with _writable(file.parent):
        temporary = _temporary_folder(file.parent)
        try:
            (temporary / file.name).write_text(json.dumps(note))
            (temporary / file.name).replace(file)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _temporary_folder(parent: Path) -> Path:
    """A fresh folder whose name tells its owner; those of owners that died on this machine are removed."""
    parent.mkdir(parents=True, exist_ok=True)
    ours = f".writing-{socket.gethostname()}-"
    for left in parent.glob(f"{ours}*"):
        process = left.name.removeprefix(ours).partition("-")[0]
        if process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{ours}{os.getpid()}-{secrets.token_hex(8)}"
    folder.mkdir()
    return folder


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free some space, or give a folder on another disk" if full else "give a folder that can"
        raise InputError(f"the image cache {folder} cannot be written ({reason}): {remedy}, with --runs") from error
