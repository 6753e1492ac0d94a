"""Layouts of symbols as bits, one a file, and the smallest of them.

A tensor's values are symbols of a few bits (see `bench.footprint.representation`). A layout says which runs of bits
stand for a matrix of them; on request each run is entropy-coded where that makes it smaller. All runs of a tensor are
joined without gaps, and only the end is filled up to a whole byte, so that a payload is its formula to the byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bench import registry
from bench.footprint import bitstrings
from bench.footprint.codecs._huffman import LONGEST, Code, table_bits
from bench.footprint.codecs._layout import Field, Layout

PACKAGE = "bench.footprint.codecs"

__all__ = ["Encoded", "decode", "encode", "layouts", "smallest"]


@dataclass(frozen=True)
class Encoded:
    """A matrix of symbols as bytes.

    Attributes:
        data: the bits, filled up to whole bytes.
        bits: how many of them count, by category: "weights", "indices" (masks, positions), "codebooks" (tables).
        how: what `decode` needs to know besides shape and width, ready for JSON.
    """

    data: bytes
    bits: dict[str, int]
    how: dict[str, Any]


@dataclass(frozen=True)
class _Plan:
    """A layout with its contents, and the entropy code of each run that has one."""

    layout: Layout
    contents: tuple[np.ndarray, ...]
    codes: tuple[Code | None, ...]

    @classmethod
    def of(cls, layout: Layout, symbols: np.ndarray, *, entropy: bool) -> _Plan:
        contents = layout.split(symbols)
        pairs = zip(layout.fields(), contents, strict=True)
        return cls(layout, contents, tuple(_useful_code(*pair) if entropy else None for pair in pairs))

    def bits(self) -> Counter[str]:
        """By category."""
        bits: Counter[str] = Counter()
        for field, content, code in zip(self.layout.fields(), self.contents, self.codes, strict=True):
            if code is None:
                bits[field.category] += field.bits
            else:
                bits["codebooks"] += code.table_bits
                bits[field.category] += code.bits(content) - code.table_bits
        return bits

    def write(self) -> Encoded:
        """The runs joined, with what is needed to read them."""
        parts: list[tuple[bytes, int]] = []
        runs: list[list[int] | None] = []
        for field, content, code in zip(self.layout.fields(), self.contents, self.codes, strict=True):
            if code is None:
                parts.append((bitstrings.pack(content, field.width), field.bits))
                runs.append(None)
            else:
                words, bits = code.encode(content)
                parts += [(code.table(), code.table_bits), (words, bits)]
                runs.append([int(code.alphabet.size), bits])
        how: dict[str, Any] = {"layout": _name(type(self.layout))} | self.layout.parameters
        if self.layout.sparse:
            how["entries"] = self.layout.entries
        if any(runs):
            how["huffman"] = runs
        return Encoded(bitstrings.join(parts), dict(self.bits()), how)


@cache
def layouts() -> dict[str, type[Layout]]:
    """The layouts by name: `dense` and the sparse ones."""
    return {name: registry.subclass(PACKAGE, name, Layout, "layout") for name in registry.names(PACKAGE)}


def smallest(symbols: np.ndarray, width: int, *, sparse: bool, entropy: bool = False) -> Encoded:
    """`symbols` in the layout that needs the fewest bits.

    Args:
        symbols: (rows, columns) unsigned, below `2**width`.
        sparse: whether symbol 0 stands for +0.0, so that it may be left out.
        entropy: whether runs may be entropy-coded where that makes them smaller.
    """
    usable = (layout for layout in layouts().values() if sparse or not layout.sparse)
    return _smallest_of(usable, symbols, width, entropy=entropy)


def encode(name: str, symbols: np.ndarray, width: int, *, entropy: bool = False) -> Encoded:
    """`symbols` (rows, columns) in the layout called `name`, with the parameters that make it smallest."""
    return _smallest_of([layouts()[name]], symbols, width, entropy=entropy)


def _smallest_of(usable: Iterable[type[Layout]], symbols: np.ndarray, width: int, *, entropy: bool) -> Encoded:
    candidates = [found for layout in usable for found in layout.candidates(symbols, width, entropy=entropy)]
    candidates.sort(key=lambda layout: (layout.bits, layout.sparse))  # dense wins a draw: it is the simplest
    if not entropy:
        return _Plan.of(candidates[0], symbols, entropy=False).write()
    plans = (_Plan.of(layout, symbols, entropy=True) for layout in candidates)
    return min(plans, key=lambda plan: plan.bits().total()).write()


def decode(data: bytes, how: dict[str, Any], shape: tuple[int, int], width: int) -> np.ndarray:
    """The (rows, columns) symbols that `Encoded` was made of.

    Raises:
        ValueError: `data` and `how` do not describe such a matrix.
    """
    layout, runs = _described(how, shape, width)
    contents, position = [], 0
    for field, run in zip(layout.fields(), runs, strict=True):
        content, position = _read(data, position, field, run)
        contents.append(content)
    if len(data) != bitstrings.byte_count(position):
        raise ValueError(f"a section of {len(data)} bytes where {bitstrings.byte_count(position)} belong")
    return layout.join(contents)


def _read(data: bytes, position: int, field: Field, run: list[int] | None) -> tuple[np.ndarray, int]:
    """A run's symbols and where the next run begins, in bits."""
    if run is None:
        return bitstrings.unpack(
            bitstrings.cut(data, position, field.bits), field.width, field.count
        ), position + field.bits
    distinct, bits = run
    if not 0 < field.width <= LONGEST:
        raise ValueError(f"symbols of {field.width} bits are never entropy-coded")
    table_end = position + table_bits(field.width, distinct)
    code = Code.from_table(bitstrings.cut(data, position, table_end - position), field.width, distinct)
    return code.decode(bitstrings.cut(data, table_end, bits), bits, field.count), table_end + bits


def _described(how: dict[str, Any], shape: tuple[int, int], width: int) -> tuple[Layout, list[Any]]:
    """The layout that `how` tells of, and its entropy-coded runs."""
    rest = dict(how)
    name, runs = rest.pop("layout", None), rest.pop("huffman", None)
    if not isinstance(name, str) or name not in layouts():
        raise ValueError(f"there is no layout {name!r}")
    kind = layouts()[name]
    entries = rest.pop("entries") if kind.sparse and "entries" in rest else shape[0] * shape[1]
    if not all(type(number) is int for number in (entries, *rest.values())):
        raise ValueError(f"the parameters of a {name!r} layout are not whole numbers")
    if not 0 <= entries <= shape[0] * shape[1]:
        raise ValueError(f"{entries} weights are stored of {shape[0] * shape[1]}")
    try:
        layout = kind(shape, width, entries, **rest)
    except TypeError as error:
        raise ValueError(f"a {name!r} layout has other parameters than {', '.join(rest) or 'none'}") from error
    runs = [None] * len(layout.fields()) if runs is None else runs
    if not (isinstance(runs, list) and len(runs) == len(layout.fields()) and all(map(_is_run, runs))):
        raise ValueError("the entropy-coded runs of a section are not described")
    return layout, runs


def _is_run(run: Any) -> bool:
    return run is None or (
        isinstance(run, list) and len(run) == 2 and all(type(number) is int and number >= 0 for number in run)
    )


def _useful_code(field: Field, content: np.ndarray) -> Code | None:
    """An entropy code for a run, where it saves more than its table costs."""
    code = Code.fitted(content, field.width)
    return code if code and code.bits(content) < field.bits else None


def _name(layout: type[Layout]) -> str:
    return next(name for name, kind in layouts().items() if kind is layout)
