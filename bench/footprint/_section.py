"""A tensor's representation as the bytes of one section, and back."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import numpy as np

from bench.footprint import codecs
from bench.footprint._header import Category, Side, Tensor
from bench.footprint.bitstrings import byte_count
from bench.footprint.representation import Representation, kinds


def write(
    name: str, stored: Representation, category: Category, *, entropy: bool, mask: np.ndarray | None = None
) -> tuple[Tensor, bytes]:
    """The section of a tensor, and its entry in the header.

    Args:
        entropy: whether symbols may be entropy-coded where that makes them smaller.
        mask: of the tensor's shape, True where a weight survived pruning.
    """
    geometry = stored.geometry
    # A bias or shift of zero is so by chance or not yet trained: leaving those out would make sizes depend on training,
    # and `python -m bench footprint`, which trains nothing, would print others than a real run.
    sparse = stored.sparse and category == "weights"
    encoded = codecs.smallest(stored.symbols(), geometry.width, sparse=sparse, entropy=entropy, mask=mask)
    side = stored.side()
    entry = Tensor(
        name=name,
        shape=stored.shape,
        category=category,
        kind=_kind(stored),
        parameters=stored.parameters(),
        side={key: Side(type=array.dtype.name, shape=array.shape) for key, array in side.items()},
        how=encoded.how,
        bytes=_bytes(encoded.bits, stored, category),
        zeros=int(np.count_nonzero(stored.decode() == 0)),
    )
    return entry, b"".join([*(_little_endian(array) for array in side.values()), encoded.data])


def read(entry: Tensor, section: bytes) -> Representation:
    """The representation that `write` was given. Allocates no more than the entry's shape needs.

    Raises:
        ValueError: entry and section do not belong together.
    """
    kind, position, side = _kind_of(entry), 0, {}
    for key, described in entry.side.items():
        side[key], position = _side(section, position, described)
    try:
        geometry = kind.geometry_of(entry.shape, entry.parameters, side)
        symbols = codecs.decode(section[position:], entry.how, geometry[:2], geometry.width)
        return kind.restored(entry.shape, entry.parameters, side, symbols)
    except KeyError as error:
        raise ValueError(f"{error} is missing") from error


def width(entry: Tensor) -> int:
    """Bits per symbol.

    Raises:
        ValueError: the entry describes no representation.
    """
    # shapes and types of the side arrays decide, not their values: broadcast zeros stand for them and take no memory
    side = {key: np.broadcast_to(np.zeros((), of.type), of.shape) for key, of in entry.side.items()}
    return _kind_of(entry).geometry_of(entry.shape, entry.parameters, side).width


def side_bits(entry: Tensor) -> int:
    """Bits of the arrays stored beside the symbols."""
    return sum(8 * np.dtype(of.type).itemsize * math.prod(of.shape) for of in entry.side.values())


def _side(section: bytes, position: int, described: Side) -> tuple[np.ndarray, int]:
    dtype = np.dtype(described.type).newbyteorder("<")
    count = math.prod(described.shape)
    end = position + count * dtype.itemsize
    if end > len(section):
        raise ValueError("what belongs beside the symbols reaches beyond the section")
    array = np.frombuffer(section[position:end], dtype).reshape(described.shape)
    return array.astype(described.type), end


def _bytes(bits: dict[str, int], stored: Representation, category: Category) -> dict[Category, int]:
    """Bytes of a section by category."""
    # Runs are joined without gaps, so a byte may hold bits of two categories. It counts for the one in which it begins:
    # with byte_count of both ends of every run, the counts add up to exactly the section's bytes.
    counts: dict[Category, int] = {stored.side_category: stored.side_bits // 8}
    ends = np.cumsum([0, *bits.values()])
    for of, (start, end) in zip(bits, pairwise(map(int, ends)), strict=True):
        counted = category if of == "weights" else cast(Category, of)
        counts[counted] = counts.get(counted, 0) + byte_count(end) - byte_count(start)
    return {of: count for of, count in counts.items() if count}


def _little_endian(array: np.ndarray) -> bytes:
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


def _kind_of(entry: Tensor) -> type[Representation]:
    if entry.kind not in kinds():
        raise ValueError(f"there is no representation {entry.kind!r}")
    return kinds()[entry.kind]


def _kind(stored: Representation) -> str:
    return next(name for name, kind in kinds().items() if kind is type(stored))
