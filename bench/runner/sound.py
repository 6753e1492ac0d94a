"""What the files of a finished cell must hold, beyond their checksums: `run`, `status` and the report judge by this.

A checksum tells that a file is what was written. It does not tell that the file stands in its own cell's folder, nor
that what was written is a result: folders are swapped, files are emptied and sealed anew, and numbers overflow.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from io import BytesIO
from typing import Any, Literal, Protocol

import numpy as np
from numpy.lib import format as npy

from bench.diagnose.sensitivity.records import Joint, Single
from bench.folders import Damaged

# By kind of cell: the files without which nothing can be said of it.
NEEDED = {
    "train": ("network.safetensors", "history.json", "metrics.json"),
    "compress": ("network.innards", "history.json", "layers.json", "predictions.npz", "metrics.json"),
    "compare": ("similarity.npz", "metrics.json"),
    "diagnose": ("arrays.npz", "notes.json", "metrics.json"),
    "sensitivity": ("curves.json", "joint.json", "notes.json", "metrics.json"),
}
ERROR = "error.json"
STOPPED = ("failed", "refused")  # the kinds of error that a cell records
COUNTS = {"train": ("parameters",), "compress": ("payload_bytes", "file_bytes")}  # metrics whatever the task
# Rows of tables, and the columns that every one of them has.
ROWS = {
    "history.json": frozenset[str](),
    "layers.json": frozenset[str](),
    "curves.json": frozenset(field.name for field in fields(Single)),
    "joint.json": frozenset(field.name for field in fields(Joint)),
}
PIECE = 1 << 20  # bytes of an array that are unpacked at a time
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
LENGTHS = {(1, 0): 2, (2, 0): 4}  # bytes that hold a header's length
LONGEST_HEADER = 10_000  # bytes, NumPy's own limit
# What begins a member of an archive (APPNOTE.TXT 4.3.7): a mark, ..., the lengths of its name and of what follows that.
LOCAL, LOCAL_BEGINS = struct.Struct("<4s22x2H"), b"PK\3\4"
ENCRYPTED, IN_UTF_8 = 1, 1 << 11  # of a member's flags


class Identified(Protocol):
    """What names a cell, in a plan or in a profile."""

    @property
    def key(self) -> str:
        """Its folder."""

    @property
    def kind(self) -> str:
        """Which step it is."""

    @property
    def model(self) -> str:
        """Its network."""

    @property
    def seed(self) -> int:
        """Its seed."""

    @property
    def variant(self) -> str:
        """Its label, or nothing."""

    @property
    def diagnostic(self) -> str:
        """Its diagnostic, or nothing."""

    @property
    def parents(self) -> Mapping[str, Any]:
        """Cells or their keys, by role."""


Identity = tuple[str, str, int, str, str]


def identity(cell: Identified) -> Identity:
    """Kind, network, seed, variant and diagnostic; one cell of a plan has them."""
    return (cell.kind, cell.model, cell.seed, cell.variant, cell.diagnostic)


def folders_of(cells: Iterable[Identified]) -> dict[Identity, str]:
    """The key of every cell of a plan, by its identity."""
    return {identity(cell): cell.key for cell in cells}


def key_of(kind: str, spec: Any, parents: Mapping[str, str]) -> str:
    """Hash of the kind, the spec and the parents' keys (see `Cell.key`)."""
    text = json.dumps({"kind": kind, "spec": spec, "parents": dict(sorted(parents.items()))}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def check_spec(spec: Any, cell: Identified, planned: Mapping[Identity, str]) -> None:
    """Refuse a `spec.json` that is another cell's than the folder's, or than the plan's.

    Args:
        planned: see `folders_of`.

    Raises:
        Damaged: it is another's, or no spec.
    """
    try:
        key = key_of(spec["kind"], spec["spec"], spec["parents"])
        written = (spec["kind"], spec["model"], spec["seed"], spec["variant"], spec["diagnostic"])
        elsewhere = planned.get(written)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Damaged("spec.json does not describe a cell") from error
    parents = {role: parent if isinstance(parent, str) else parent.key for role, parent in cell.parents.items()}
    if key != cell.key or spec.get("key") != key:
        raise Damaged(f"spec.json is that of another cell, {'/'.join(str(part) for part in written if part != '')}")
    # A label may have changed since, e.g. from a default to the same number written out: the same result. That of
    # another cell of the plan may not.
    if spec["kind"] != cell.kind or spec["parents"] != parents or elsewhere not in (None, cell.key):
        raise Damaged("spec.json is not what the plan says of this cell")


def check_error(error: Any) -> None:
    """Refuse an `error.json` that names no error.

    Raises:
        Damaged: see above.
    """
    if not (isinstance(error, dict) and error.get("kind") in STOPPED and isinstance(error.get("reason"), str)):
        raise Damaged(f"{ERROR} names no error")


def check_contents(kind: str, files: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse a finished cell that lacks a file, or whose numbers are none.

    Args:
        files: its JSON files, parsed.
        names: all of its files.

    Raises:
        Damaged: see above.
    """
    if lacking := next((name for name in NEEDED.get(kind, ()) if name not in set(names)), None):
        raise Damaged(f"{lacking} is missing")
    if "metrics.json" in files:
        metrics = files["metrics.json"]
        _check_numbers("metrics.json", metrics)
        if kind != "diagnose" and not metrics:  # a look may be all pictures
            raise Damaged("metrics.json holds no metrics")
        for name in COUNTS.get(kind, ()):
            if not isinstance(metrics.get(name), int | float):
                raise Damaged(f"metrics.json holds no {name}")
    for name, columns in ROWS.items():
        rows = files.get(name, [])
        if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
            raise Damaged(f"{name} is no list of tables")
        for row in rows:
            if absent := sorted(columns.difference(row)):
                raise Damaged(f"{name}: a row lacks {absent[0]}")
            _check_numbers(name, {key: value for key, value in row.items() if isinstance(value, float)})
    notes = files.get("notes.json", [])
    if not isinstance(notes, list | dict):
        raise Damaged("notes.json holds no notes")


@contextmanager
def unpacking(name: str) -> Iterator[None]:
    """Call an archive damaged that cannot be read.

    Raises:
        Damaged: see above.
    """
    # A spoilt archive can fail anywhere in zipfile, its codecs or NumPy's parser of headers, with a dozen kinds of
    # exception; want of memory is the only one that is not the file's fault.
    try:
        yield
    except (Damaged, MemoryError):
        raise
    except Exception as error:
        raise Damaged(f"{name} cannot be read") from error


def check_arrays(name: str, content: bytes) -> None:
    """Refuse an `.npz` file that holds no arrays where it must, objects, or less than its arrays take.

    Every array is unpacked and held to the archive's own checksum of it: bytes that changed before the cell was sealed
    would end a report only when it asks for them. Large arrays are unpacked a piece at a time.

    Raises:
        Damaged: see above.
    """
    with unpacking(name), zipfile.ZipFile(BytesIO(content)) as archive:
        members = archive.infolist()
        for member in members:
            if member.file_size <= PIECE:
                _check_array(name, member, _unpacked(archive, content, member))
                continue
            with archive.open(member) as stream:
                _check_array(name, member, stream.read(PIECE))
                while stream.read(PIECE):
                    pass
    if name == "similarity.npz" and not any(member.filename == "layers.npy" for member in members):
        raise Damaged(f"{name} holds no layers")


def _check_array(name: str, member: zipfile.ZipInfo, beginning: bytes) -> None:
    shape, _, dtype, start = _header(beginning)
    if dtype.hasobject or member.file_size - start != dtype.itemsize * math.prod(shape):
        raise Damaged(f"{name}: {member.filename} is not an array of numbers or of text")
    if name == "similarity.npz" and member.filename == "layers.npy" and not math.prod(shape):
        raise Damaged(f"{name} holds no layers")


def read_arrays(content: bytes, names: Iterable[str] = ()) -> dict[str, np.ndarray]:
    """Arrays of an `.npz` file: all, or those among `names` that exist.

    Raises:
        Exception: it cannot be read, see `unpacking`.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        wanted = [name for name in names or members if name in members]
        return {name: read_array(_unpacked(archive, content, members[name])) for name in wanted}


# A comparison has dozens of arrays of a few hundred bytes each, and a report reads thousands of comparisons: the stream
# that zipfile opens for a member takes ten times as long as its bytes.
def _unpacked(archive: zipfile.ZipFile, content: bytes, member: zipfile.ZipInfo) -> bytes:
    """The bytes of one member of the archive that lies in `content`."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & ENCRYPTED:
        return archive.read(member)
    at = member.header_offset
    begins, named, more = LOCAL.unpack_from(content, at)
    at += LOCAL.size
    name = content[at : at + named].decode("utf-8" if member.flag_bits & IN_UTF_8 else "cp437")
    start = at + named + more
    packed = content[start : start + member.compress_size]
    if begins != LOCAL_BEGINS or name != member.orig_filename or len(packed) != member.compress_size:
        raise zipfile.BadZipFile(member.filename)
    if member.compress_type == zipfile.ZIP_DEFLATED:
        packed = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.file_size + 1)
    if len(packed) != member.file_size or zlib.crc32(packed) != member.CRC:
        raise zipfile.BadZipFile(member.filename)
    return packed


def read_array(content: bytes) -> np.ndarray:
    """The array of a `.npy` file.

    Raises:
        ValueError: it is none, is of objects, or is cut short.
    """
    shape, by_column, dtype, start = _header(content)
    if dtype.hasobject:
        raise ValueError("an array of objects")
    count = math.prod(shape)
    if len(content) - start < count * dtype.itemsize:
        raise ValueError("an array that is cut short")
    order: Literal["C", "F"] = "F" if by_column else "C"
    if not count * dtype.itemsize:
        return np.ndarray(shape, dtype, order=order)
    return np.ndarray(shape, dtype, content, start, order=order).copy(order="K")


def _header(content: bytes) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, whether it lies column by column, kind and first byte of the array in a `.npy` file's beginning."""
    version = tuple(content[len(npy.MAGIC_PREFIX) : npy.MAGIC_LEN])
    if not content.startswith(npy.MAGIC_PREFIX) or version not in HEADERS:
        raise ValueError("an array of an unknown format")
    behind = npy.MAGIC_LEN + LENGTHS[version]
    size = int.from_bytes(content[npy.MAGIC_LEN : behind], "little")
    if size > LONGEST_HEADER:
        raise ValueError("the header of an array is too long")
    return *_parsed_header(version, content[npy.MAGIC_LEN : behind + size]), behind + size


# A header is a Python literal, whose parsing takes longer than reading the array, and cells of a kind have the same.
@lru_cache(1 << 12)
def _parsed_header(version: tuple[int, int], header: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    shape, by_column, dtype = HEADERS[version](BytesIO(header))
    return shape, by_column, dtype


def _check_numbers(name: str, numbers: Any) -> None:
    if not isinstance(numbers, dict):
        raise Damaged(f"{name} is no table of numbers")
    for key, value in numbers.items():
        if not (value is None or (isinstance(value, int | float) and _is_finite(value))):
            raise Damaged(f"{name}: {key} is not a number")


def _is_finite(value: float) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except OverflowError:
        return False
