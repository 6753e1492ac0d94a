"""The frame of a packed file: what makes it one, its header, and the checksum over everything.

8 bytes    magic
4 bytes    version of the format, big-endian
4 bytes    length of the header
...        header: JSON, compressed by zlib
...        sections, one per tensor, in the header's order
32 bytes   SHA-256 of all bytes before
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from bench.errors import InputError

MAGIC = b"INNARDS\x00"
VERSION = 1
LARGEST_HEADER = 2**20  # bytes of JSON: networks of a thousand tensors take a third of it
DEEPEST = 64  # levels of lists and tables in it
INT64 = 2**63

_FRONT = struct.Struct(f">{len(MAGIC)}sII")
_CHECKSUM_BYTES = hashlib.sha256().digest_size


def write(header: dict[str, Any], sections: Iterable[bytes]) -> bytes:
    """A file of `header` and `sections`.

    Raises:
        InputError: the header is larger than a reader takes.
    """
    text = json.dumps(header, separators=(",", ":")).encode()
    if len(text) > LARGEST_HEADER:
        raise InputError(f"the network takes {len(text):,} bytes to describe, at most {LARGEST_HEADER:,} can be read")
    packed = zlib.compress(text, level=9)
    body = b"".join([_FRONT.pack(MAGIC, VERSION, len(packed)), packed, *sections])
    return body + hashlib.sha256(body).digest()


def read(data: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and sections of a file.

    Raises:
        InputError: it is no packed file, has another format, or is cut short or damaged.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise InputError("this is not a packed network: it does not begin as one")
    if len(data) < _FRONT.size + _CHECKSUM_BYTES:
        raise InputError(f"this packed network is cut short: {len(data)} bytes")
    _, version, header_bytes = _FRONT.unpack_from(data)
    if version != VERSION:
        raise InputError(f"this packed network is of format {version}, and only format {VERSION} can be read here")
    body = memoryview(data)[:-_CHECKSUM_BYTES]
    if hashlib.sha256(body).digest() != data[-_CHECKSUM_BYTES:]:
        raise InputError("this packed network is cut short or damaged: its checksum does not hold")
    end = _FRONT.size + header_bytes
    if header_bytes > LARGEST_HEADER:
        raise InputError(f"this packed network is malformed: its header is larger than {LARGEST_HEADER:,} bytes")
    if end > len(body):
        raise InputError("this packed network is malformed: its header reaches beyond its end")
    return _parsed(bytes(body[_FRONT.size : end])), body[end:]


def _parsed(packed: bytes) -> dict[str, Any]:
    # an object, not zlib.decompress: a few bytes of a malicious file could otherwise unpack to gigabytes
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(packed, LARGEST_HEADER)
        header = json.loads(text)
    except (zlib.error, ValueError, RecursionError) as error:
        raise InputError(f"this packed network is malformed: its header cannot be read ({error})") from error
    if not reader.eof or not isinstance(header, dict):
        raise InputError("this packed network is malformed: its header is no JSON object")
    _check_values(header)
    return header


def _check_values(header: dict[str, Any]) -> None:
    """Refuse what no writer writes and readers trip over: deep nesting, and integers beyond 64 bits."""
    level: list[Any] = [header]
    for _ in range(DEEPEST):
        if any(isinstance(value, int) and not -INT64 <= value < INT64 for value in level):
            raise InputError("this packed network is malformed: a number in its header is beyond 64 bits")
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise InputError(f"this packed network is malformed: its header is nested more than {DEEPEST} deep")
