"""Symbols of any width as bit strings, most significant bit first, without a loop over symbols."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

CHUNK = 1 << 18  # symbols to expand to one byte per bit at a time; a multiple of 8, so that chunks end on whole bytes


def dtype_of(width: int) -> np.dtype:
    """The narrowest unsigned integer that holds symbols of `width` bits (0 to 64)."""
    return next(np.dtype(f"u{size}") for size in (1, 2, 4, 8) if width <= 8 * size)


def pack(symbols: np.ndarray, width: int) -> bytes:
    """`symbols` (n,) unsigned, one after another in `width` bits each; the last byte is filled up with zeros.

    >>> pack(np.array([1, 0, 3]), 3).hex()  # 001 000 011 and seven zeros
    '2180'
    """
    # Symbols are viewed as big-endian bytes and those unpacked to one byte per bit, (n, 8·size), of which the last
    # `width` columns are the symbols; numpy packs these again across symbols. Whole bytes need none of that.
    flat = np.ascontiguousarray(symbols, dtype_of(width).newbyteorder(">")).reshape(-1)
    if width in (0, 8, 16, 32, 64):
        return flat.tobytes() if width else b""
    return b"".join(_pack_chunk(flat[start : start + CHUNK], width) for start in range(0, flat.size, CHUNK))


def _pack_chunk(symbols: np.ndarray, width: int) -> bytes:
    bits = np.unpackbits(symbols.view(np.uint8).reshape(symbols.size, -1), axis=1)
    return np.packbits(bits[:, bits.shape[1] - width :]).tobytes()


def unpack(data: bytes, width: int, count: int) -> np.ndarray:
    """The inverse of `pack`: (count,) symbols of the narrowest unsigned type.

    Raises:
        ValueError: `data` has not just the bytes that `count` symbols need.
    """
    if len(data) != byte_count(width * count):
        raise ValueError(f"{count} symbols of {width} bits need {byte_count(width * count)} bytes, found {len(data)}")
    dtype = dtype_of(width)
    if width in (0, 8, 16, 32, 64):
        big_endian = np.frombuffer(data, dtype.newbyteorder(">")) if width else np.zeros(count, dtype)
        return big_endian.astype(dtype)
    symbols = np.empty(count, dtype)
    raw = np.frombuffer(data, np.uint8)
    for start in range(0, count, CHUNK):
        part = symbols[start : start + CHUNK]
        part[:] = _unpack_chunk(raw[start * width // 8 :], width, part.size)
    return symbols


def _unpack_chunk(raw: np.ndarray, width: int, count: int) -> np.ndarray:
    dtype = dtype_of(width).newbyteorder(">")
    bits = np.zeros((count, 8 * dtype.itemsize), np.uint8)
    bits[:, bits.shape[1] - width :] = np.unpackbits(raw, count=count * width).reshape(count, width)
    return np.packbits(bits, axis=1).view(dtype)[:, 0]


def byte_count(bits: int) -> int:
    """Whole bytes that hold `bits`."""
    return -(-bits // 8)


def join(parts: Iterable[tuple[bytes, int]]) -> bytes:
    """Bit strings, each as (bytes, number of bits), one after another without a gap; only the end is filled with zeros.

    >>> join([(b"\\x80", 1), (b"\\xff", 8)]).hex()
    'ff80'
    """
    # A string that begins at bit s of a byte is ORed in twice: shifted right by s, and its low bits, which that loses,
    # into the next byte. Bits beyond a string's end are zero by the contract of `pack`, or the next string would be
    # damaged.
    parts = list(parts)
    total = sum(bits for _, bits in parts)
    joined = np.zeros(byte_count(total) + 1, np.uint8)
    position = 0
    for data, bits in parts:
        byte, shift = divmod(position, 8)
        raw = np.frombuffer(data, np.uint8, count=byte_count(bits))
        joined[byte : byte + raw.size] |= raw >> shift
        if shift:
            joined[byte + 1 : byte + 1 + raw.size] |= raw << (8 - shift)
        position += bits
    return joined[: byte_count(total)].tobytes()


def cut(data: bytes, start: int, bits: int) -> bytes:
    """The bit string of `bits` that begins at bit `start` of `data`, the inverse of `join`.

    Raises:
        ValueError: it would end beyond `data`.
    """
    if start < 0 or bits < 0 or start + bits > 8 * len(data):
        raise ValueError(f"bits {start} to {start + bits} lie outside {len(data)} bytes")
    byte, shift = divmod(start, 8)
    raw = np.frombuffer(data, np.uint8)[byte : byte_count(start + bits)]
    part = np.zeros(byte_count(bits), np.uint8)
    part |= raw[: part.size] << shift
    if shift:
        following = raw[1 : part.size + 1]
        part[: following.size] |= following >> (8 - shift)
    if bits % 8:
        part[-1] &= 0xFF << (8 - bits % 8) & 0xFF
    return part.tobytes()
