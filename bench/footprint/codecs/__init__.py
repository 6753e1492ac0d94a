"""Layouts of symbols as bits, one per file, and the smallest of them.

A tensor's values are symbols of a few bits (see `bench.footprint.representation`). A layout says which runs of bits
stand for a matrix of them; on request a run is entropy-coded where that makes it smaller. All runs of a tensor are
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
from bench.footprint.codecs._layout import Layout, Run

PACKAGE = "bench.footprint.codecs"

__all__ = ["Encoded", "decode", "encode", "layouts", "smallest"]


@dataclass(frozen=True)
class Encoded:
    """A matrix of symbols as bytes.

    Attributes:
        data: the bits, filled up to whole bytes.
        bits: how many they are, by category: "weights", "indices" (masks, positions), "codebooks" (tables).
        how: what `decode` needs besides shape and width, ready for JSON.
    """

    data: bytes
    bits: dict[str, int]
    how: dict[str, Any]


@dataclass(frozen=True)
class _Plan:
    """A layout with the contents of its runs, and the entropy code of each run that has one."""

    layout: Layout
    contents: tuple[np.ndarray, ...]
    codes: tuple[Code | None, ...]

    @classmethod
    def of(cls, layout: Layout, symbols: np.ndarray, *, entropy: bool) -> _Plan:
        contents = layout.split(symbols)
        pairs = zip(layout.runs(), contents, strict=True)
        return cls(layout, contents, tuple(_useful_code(*pair) if entropy else None for pair in pairs))

    def bits(self) -> Counter[str]:
        """By category."""
        bits: Counter[str] = Counter()
        for run, content, code in zip(self.layout.runs(), self.contents, self.codes, strict=True):
            if code is None:
                bits[run.category] += run.bits
            else:
                bits["codebooks"] += code.table_bits
                bits[run.category] += code.bits(content) - code.table_bits
        return bits

    def write(self) -> Encoded:
        """Join the runs, and note what is needed to read them."""
        # A plain run's length follows from layout, shape and number of entries. A coded one is its table and then its
        # code words, whose lengths depend on the symbols, so the number of different symbols and of bits are noted.
        parts: list[tuple[bytes, int]] = []
        coded: list[list[int] | None] = []
        for run, content, code in zip(self.layout.runs(), self.contents, self.codes, strict=True):
            if code is None:
                parts.append((bitstrings.pack(content, run.width), run.bits))
                coded.append(None)
            else:
                words, bits = code.encode(content)
                parts += [(code.table(), code.table_bits), (words, bits)]
                coded.append([int(code.alphabet.size), bits])
        how: dict[str, Any] = {"layout": _name(type(self.layout))} | self.layout.parameters
        if self.layout.sparse:
            how["entries"] = self.layout.entries
        if any(coded):
            how["huffman"] = coded
        return Encoded(bitstrings.join(parts), dict(self.bits()), how)


@cache
def layouts() -> dict[str, type[Layout]]:
    """The layouts by name: `dense` and the sparse ones."""
    return {name: registry.subclass(PACKAGE, name, Layout, "layout") for name in registry.names(PACKAGE)}


def smallest(
    symbols: np.ndarray, width: int, *, sparse: bool, entropy: bool = False, mask: np.ndarray | None = None
) -> Encoded:
    """`symbols` in the layout that needs the fewest bits.

    Args:
        symbols: (rows, columns) unsigned, below `2**width`.
        sparse: whether symbol 0 stands for +0.0, so that it may be left out.
        entropy: whether runs may be entropy-coded where that makes them smaller.
        mask: (Cout, Cin, ...) bool of the tensor, True where a weight survived pruning, if it was pruned.
    """
    usable = (layout for layout in layouts().values() if sparse or not layout.sparse)
    return _smallest_of(usable, symbols, width, entropy=entropy, mask=mask if sparse else None)


def encode(
    name: str, symbols: np.ndarray, width: int, *, entropy: bool = False, mask: np.ndarray | None = None
) -> Encoded:
    """`symbols` (rows, columns) in the layout called `name`, with the parameters that make it smallest.

    Raises:
        ValueError: the layout holds no such matrix.
    """
    return _smallest_of([layouts()[name]], symbols, width, entropy=entropy, mask=mask)


def _smallest_of(
    usable: Iterable[type[Layout]], symbols: np.ndarray, width: int, *, entropy: bool, mask: np.ndarray | None
) -> Encoded:
    candidates: list[Layout] = []
    for layout in usable:
        candidates += layout.candidates(symbols, width, entropy=entropy)
        candidates += () if mask is None else layout.of_mask(symbols, width, mask, entropy=entropy)
    if not candidates:
        raise ValueError("the layout does not hold such a matrix")
    candidates.sort(key=lambda layout: (layout.bits, layout.sparse))  # dense wins a draw: it is the simplest
    # without entropy coding a layout's formula is exact; with it every candidate has to be coded to know its size
    if not entropy:
        return _Plan.of(candidates[0], symbols, entropy=False).write()
    plans = (_Plan.of(layout, symbols, entropy=True) for layout in candidates)
    return min(plans, key=lambda plan: plan.bits().total()).write()


def decode(data: bytes, how: dict[str, Any], shape: tuple[int, int], width: int) -> np.ndarray:
    """The (rows, columns) symbols from which `Encoded` was made.

    Raises:
        ValueError: `data` and `how` do not describe such a matrix.
    """
    layout, coded = _described(how, shape, width)
    contents, position = [], 0
    for run, coding in zip(layout.runs(), coded, strict=True):
        content, position = _read(data, position, run, coding)
        contents.append(content)
    if len(data) != bitstrings.byte_count(position):
        raise ValueError(f"a section of {len(data)} bytes where {bitstrings.byte_count(position)} belong")
    return layout.join(contents)


def _read(data: bytes, position: int, run: Run, coding: list[int] | None) -> tuple[np.ndarray, int]:
    """A run's symbols, and the bit at which the next run begins."""
    if coding is None:
        content = bitstrings.unpack(bitstrings.cut(data, position, run.bits), run.width, run.count)
        return content, position + run.bits
    distinct, bits = coding
    if not 0 < run.width <= LONGEST:
        raise ValueError(f"symbols of {run.width} bits are never entropy-coded")
    table_end = position + table_bits(run.width, distinct)
    code = Code.from_table(bitstrings.cut(data, position, table_end - position), run.width, distinct)
    return code.decode(bitstrings.cut(data, table_end, bits), bits, run.count), table_end + bits


def _described(how: dict[str, Any], shape: tuple[int, int], width: int) -> tuple[Layout, list[Any]]:
    """The layout that `how` describes, and the coding of each of its runs."""
    # `how` is from a file that anybody may have written: counts are checked before arrays of their size are made
    rest = dict(how)
    name, coded = rest.pop("layout", None), rest.pop("huffman", None)
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
    coded = [None] * len(layout.runs()) if coded is None else coded
    if not (isinstance(coded, list) and len(coded) == len(layout.runs()) and all(map(_is_coding, coded))):
        raise ValueError("the entropy-coded runs of a section are not described")
    return layout, coded


def _is_coding(coding: Any) -> bool:
    return coding is None or (
        isinstance(coding, list) and len(coding) == 2 and all(type(number) is int and number >= 0 for number in coding)
    )


def _useful_code(run: Run, content: np.ndarray) -> Code | None:
    """An entropy code for a run; None if it does not save more than its table costs."""
    code = Code.fitted(content, run.width)
    return code if code and code.bits(content) < run.bits else None


def _name(layout: type[Layout]) -> str:
    return next(name for name, kind in layouts().items() if kind is layout)
