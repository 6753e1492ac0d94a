"""`runs/<profile>/<key>/`: immutable cell folders, there whole or not at all.

A folder holds the cell's own files and beside them

- `spec.json`: what the cell is (see `Cell.as_dict`),
- `provenance.json`: when, where and with what it was made; the only file that holds clocks and hosts,
- `log.txt`: what it printed,
- `measurements.json`: only where `python -m bench measure` was called: what running its packed file took,
- `error.json`: only where the cell failed or was refused,
- `checksums.json`: SHA-256 of every file but provenance and log; provenance holds its own.

What these files must hold is said in `bench/runner/sound.py`.

Only the driver writes here, a whole folder at a time (see `bench.folders`), so that no reader and no second run ever
meets half a cell.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench import folders
from bench.folders import Damaged
from bench.runner import sound
from bench.runner.cell import Cell
from bench.runner.json_text import to_json

Files = dict[str, bytes]
SEAL, SEAL_DIGITS = "sha256", 64  # of provenance, in itself
PROVENANCE = "provenance.json"
MEASUREMENTS = "measurements.json"
BESIDE = ("checksums.json", PROVENANCE, "log.txt", MEASUREMENTS)  # files that no checksum of the cell's counts


class Store:
    """The cells of one profile on disk.

    Args:
        folder: `runs/<profile>`; made when the first cell is written.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, key: str) -> Path:
        """Where a cell's folder is, or would be."""
        return self.folder / key

    def scratch(self, key: str) -> Path:
        """Where a cell that is being worked keeps checkpoints of its trainings, on the machine that works it."""
        return self.folder / ".training" / key

    def has(self, key: str) -> bool:
        """Whether there is a folder for the cell: done, failed or damaged."""
        return self.path(key).exists()

    def error(self, key: str) -> dict[str, str] | None:
        """The error that a failed or refused cell recorded, or None if the cell is done.

        Raises:
            Damaged: see `read`; or the error is none.
        """
        if sound.ERROR not in self.checksums(key):
            return None
        error: dict[str, str] = _parsed(sound.ERROR, self.read(key, [sound.ERROR])[sound.ERROR])
        sound.check_error(error)
        return error

    def present(self) -> frozenset[str]:
        """Names of all that is there, looked up at once: a plan may have a hundred thousand cells."""
        try:
            with os.scandir(self.folder) as entries:
                return frozenset(entry.name for entry in entries)
        except OSError:  # nothing was ever written, or nothing can be read
            return frozenset()

    def keys(self) -> Iterator[str]:
        """Keys of all the cells there are, sorted."""
        if self.folder.is_dir():
            names = (path.name for path in self.folder.iterdir() if not path.name.startswith("."))  # half-written
            yield from sorted(name for name in names if (self.path(name) / "checksums.json").is_file())

    def read(self, key: str, names: Iterable[str] | None = None) -> Files:
        """A cell's checked files by name: all of them, or some.

        Raises:
            Damaged: a file is missing, or its checksum differs.
        """
        # Every reader checks, not only the driver: bits rot between runs, and a report must not show what was not
        # measured. `checksums.json` has no checksum of its own: hardly any accident leaves JSON in it that fits all
        # files.
        folder, checksums = self.path(key), self.checksums(key)
        files: Files = {}
        for name in checksums if names is None else names:
            try:
                files[name] = (folder / name).read_bytes()
            except OSError as error:
                raise Damaged(f"{folder / name} cannot be read: {error.strerror}") from error
            if folders.checksum(files[name]) != checksums.get(name):
                raise Damaged(f"{folder / name} is not what was written: its checksum differs")
        return files

    def arrays(self, key: str, file: str, names: Iterable[str] = ()) -> dict[str, np.ndarray]:
        """Arrays of a cell's checked `.npz` file: all, or those among `names` that exist.

        Raises:
            Damaged: see `read`.
        """
        content = self.read(key, [file])[file]
        with sound.unpacking(str(self.path(key) / file)):
            return sound.read_arrays(content, names)

    def provenance(self, key: str) -> dict[str, Any]:
        """When, where and with what a cell was made; empty if it has not been run.

        Raises:
            Damaged: it is not what was written.
        """
        return _unsealed(self.path(key) / PROVENANCE)

    def measurements(self, key: str) -> dict[str, Any]:
        """What running a cell's packed file took, by engine (see `bench/deploy/measure.py`); empty if nobody measured.

        Raises:
            Damaged: it is not what was written.
        """
        return _unsealed(self.path(key) / MEASUREMENTS)

    def write_measurements(self, key: str, measurements: Mapping[str, Any]) -> None:
        """Put what running took beside a cell's provenance, replacing an earlier one in one step.

        Raises:
            InputError: see `write`.
        """
        # Like provenance it differs between runs and has no part in the result: no checksum of the cell's counts it.
        with folders.writable(str(self.path(key))):
            folders.write_file(self.path(key) / MEASUREMENTS, _sealed(measurements))

    def examine(self, cell: sound.Identified, planned: Mapping[sound.Identity, str]) -> dict[str, Any]:
        """A cell's JSON files and its provenance, parsed; every byte of the others is checked too, and what they hold.

        Args:
            planned: see `sound.folders_of`.

        Raises:
            Damaged: something is missing, is not what was written, or is another cell's.
        """
        folder, checksums = self.path(cell.key), self.checksums(cell.key)
        files: dict[str, Any] = {}
        archives: dict[str, bytes] = {}
        try:
            for name, checksum in checksums.items():
                file = folder / name
                if not file.is_file():
                    raise Damaged(f"{name} is missing")
                content = file.read_bytes() if name.endswith((".json", ".npz")) else None
                if checksum != (folders.checksum_of_file(file) if content is None else folders.checksum(content)):
                    raise Damaged(f"{name} is not what was written: its checksum differs")
                if name.endswith(".npz"):
                    archives[name] = content or b""
                elif content is not None:
                    files[name] = _parsed(name, content)
        except OSError as error:
            raise Damaged(f"{folder} cannot be read: {error.strerror}") from error
        except Damaged as damage:
            raise Damaged(f"{folder}/{damage}") from damage
        provenance = self.provenance(cell.key)
        if not provenance and not (folder / PROVENANCE).is_file():
            raise Damaged(f"{folder / PROVENANCE} is missing")
        try:
            sound.check_spec(files["spec.json"], cell, planned)
            if sound.ERROR in files:
                sound.check_error(files[sound.ERROR])
            elif (folder / sound.ERROR).exists():
                raise Damaged(f"{sound.ERROR} was not written with the cell")
            else:
                sound.check_contents(cell.kind, files, checksums)
                for name, archive in archives.items():
                    sound.check_arrays(name, archive)
        except Damaged as damage:
            raise Damaged(f"{folder}/{damage}") from damage
        return {**files, PROVENANCE: provenance}

    def verify(self, key: str) -> None:
        """Raise Damaged if any file differs from what was written."""
        self.read(key)

    def write(self, cell: Cell, files: Mapping[str, bytes], provenance: Mapping[str, Any], log: str) -> None:
        """Put a cell in its place, whole. One that is there already stays, since it was made from the same spec.

        Raises:
            InputError: the disk is full, or the folder cannot be written; nothing half-written is left.
        """
        # Clocks, hosts and what was printed differ between runs of the same cell, so provenance and log have no
        # checksum: all files that have one are the same bytes on every run.
        checked = {**files, "spec.json": to_json(cell.as_dict())}
        checksums = {name: folders.checksum(content) for name, content in sorted(checked.items())}
        everything = {
            **checked,
            PROVENANCE: _sealed(provenance),
            "log.txt": log.encode(),
            "checksums.json": to_json(checksums),
        }
        with folders.writable(str(self.folder)), folders.writing(self.path(cell.key)) as temporary:
            for name, content in everything.items():
                (temporary / name).write_bytes(content)

    def borrow(self, key: str, other: Store) -> bool:
        """Copy a cell from another store, unless it is here already; whether it is here then.

        Raises:
            InputError: see `write`.
        """
        if self.has(key):
            return True
        try:
            other.verify(key)
        except Damaged:
            return False
        with folders.writable(str(self.folder)), folders.writing(self.path(key)) as temporary:
            shutil.copytree(other.path(key), temporary, dirs_exist_ok=True)
        return True

    def discard(self, key: str) -> None:
        """Remove a cell's folder, if it is there."""
        folders.discard(self.path(key))

    def sweep(self) -> None:
        """Remove what writers left behind that died on this machine."""
        folders.sweep(self.folder)

    def write_index(self, name: str, content: Any) -> None:
        """Write a JSON file beside the cells (the plan), replacing it in one step.

        Raises:
            InputError: see `write`.
        """
        file, written = self.folder / name, to_json(content)
        # A finished folder may lie on a disk that cannot be written; what stands there already needs no writing.
        if folders.is_file(file) and file.read_bytes() == written:
            return
        with folders.writable(str(self.folder)):
            folders.write_file(file, written)

    def checksums(self, key: str) -> dict[str, str]:
        """SHA-256 of a cell's files by name: of all that two runs of it must have in common.

        Raises:
            Damaged: they cannot be read, or are none.
        """
        file = self.path(key) / "checksums.json"
        try:
            content = file.read_bytes()
        except OSError as error:
            raise Damaged(f"{file} cannot be read: {error.strerror}") from error
        checksums = _parsed(str(file), content)
        if not _is_written(checksums, content) or "spec.json" not in checksums:
            raise Damaged(f"{file} lists no files")
        if strange := next((name for name in checksums if Path(name).name != name), None):
            raise Damaged(f"{file} lists {strange!r}, which is no file of the cell")
        return checksums


def _sealed(content: Mapping[str, Any]) -> bytes:
    """JSON that holds its own checksum."""
    return to_json({**content, SEAL: folders.checksum(to_json(content))})


def _unsealed(file: Path) -> dict[str, Any]:
    """What `_sealed` wrote; empty if there is no file.

    Raises:
        Damaged: it is not what was written.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Damaged(f"{file} cannot be read: {error.strerror}") from error
    facts = _parsed(str(file), content)
    if not _is_written(facts, content):
        raise Damaged(f"{file} is not what was written")
    # That of older versions has no seal; a seal under another name is a damaged one.
    seals = [name for name, value in facts.items() if isinstance(value, str) and len(value) == SEAL_DIGITS]
    seal = facts.pop(SEAL, None)
    if seals not in ([], [SEAL]) or (seals and seal != folders.checksum(to_json(facts))):
        raise Damaged(f"{file} is not what was written: its checksum differs")
    return facts


def _parsed(name: str, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{name} cannot be read: it is no JSON") from error


def _is_written(parsed: Any, content: bytes) -> bool:
    """Whether bytes are a JSON object as `to_json` writes it."""
    try:
        return isinstance(parsed, dict) and to_json(parsed) == content
    except ValueError:  # infinities, and halves of surrogate pairs, can be read and are never written
        return False
