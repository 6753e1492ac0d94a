"""Entropy coding of a run's symbols: canonical Huffman codes, whose table counts as part of the payload.

A code word has at most 16 bits, so that one look-up decodes a symbol. Under that limit the code is optimal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.footprint import bitstrings

LONGEST = 16  # bits of a code word; also of the widest symbol that is entropy-coded
LENGTH_BITS = 5  # of the table, per code word: its length, 1 to 16, or 0 for a symbol that does not occur
CHUNK = 1 << 20  # symbols encoded, or bits decoded, at a time


@dataclass(frozen=True)
class Code:
    """A canonical Huffman code.

    Attributes:
        width: bits of an uncoded symbol.
        alphabet: (k,) the symbols that occur, ascending.
        lengths: (k,) bits of their code words.
    """

    width: int
    alphabet: np.ndarray
    lengths: np.ndarray

    @classmethod
    def fitted(cls, symbols: np.ndarray, width: int) -> Code | None:
        """The shortest code for `symbols` (n,); None if there are none, or if they are too wide to be coded."""
        if not symbols.size or not 0 < width <= LONGEST:
            return None
        counts = np.bincount(symbols)
        alphabet = np.flatnonzero(counts)
        return cls(width, alphabet, code_lengths(counts[alphabet]))

    def bits(self, symbols: np.ndarray) -> int:
        """Bits of the table and of the code words of `symbols`."""
        counts = np.bincount(symbols, minlength=int(self.alphabet[-1]) + 1)[self.alphabet]
        return self.table_bits + int(counts @ self.lengths)

    @property
    def table_bits(self) -> int:
        """Bits of the table: the lengths of all symbols of this width, or symbols and lengths of those that occur."""
        return table_bits(self.width, self.alphabet.size)

    def table(self) -> bytes:
        """The table as `table_bits` bits."""
        if not _lists_all(self.width, self.alphabet.size):
            return bitstrings.join(
                [
                    (bitstrings.pack(self.alphabet, self.width), self.alphabet.size * self.width),
                    (bitstrings.pack(self.lengths, LENGTH_BITS), self.alphabet.size * LENGTH_BITS),
                ]
            )
        lengths = np.zeros(2**self.width, np.int64)
        lengths[self.alphabet] = self.lengths
        return bitstrings.pack(lengths, LENGTH_BITS)

    @classmethod
    def from_table(cls, data: bytes, width: int, distinct: int) -> Code:
        """The code whose `table` is `data`.

        Raises:
            ValueError: it is no table of a complete code of `distinct` symbols.
        """
        if _lists_all(width, distinct):
            listed = bitstrings.unpack(data, LENGTH_BITS, 2**width)
            alphabet = np.flatnonzero(listed)
            lengths = listed[alphabet]
        else:
            symbol_bits = distinct * width
            alphabet = bitstrings.unpack(bitstrings.cut(data, 0, symbol_bits), width, distinct).astype(np.int64)
            lengths = bitstrings.unpack(
                bitstrings.cut(data, symbol_bits, distinct * LENGTH_BITS), LENGTH_BITS, distinct
            )
        code = cls(width, alphabet, lengths.astype(np.int64))
        if alphabet.size != distinct or (np.diff(alphabet) <= 0).any() or not code._is_complete():
            raise ValueError("the table of an entropy-coded section is not one")
        return code

    def encode(self, symbols: np.ndarray) -> tuple[bytes, int]:
        """The code words of `symbols`, one after another, and how many bits they are."""
        words, lengths = np.zeros((2, 2**self.width), np.int64)
        words[self.alphabet], lengths[self.alphabet] = self._words, self.lengths
        parts = [symbols[start : start + CHUNK] for start in range(0, symbols.size, CHUNK)]
        encoded = [_concatenate(words[part], lengths[part]) for part in parts]
        return bitstrings.join(encoded), sum(bits for _, bits in encoded)

    def decode(self, data: bytes, bits: int, count: int) -> np.ndarray:
        """The (count,) symbols whose code words are the first `bits` of `data`.

        Raises:
            ValueError: they are not `count` symbols.
        """
        # A code word's length is known only once it is read, so where symbols begin seems to need a loop bit by bit.
        # Here numpy first looks up, for every bit, how long a word beginning there would be (its 16-bit window
        # decides), and only the walk from one beginning to the next is a loop of Python (`_follow`). A walk may end
        # beyond its chunk, and the next one starts there.
        raw = np.frombuffer(data + b"\0\0\0", np.uint8)
        parts, position = [], 0
        for start in range(0, bits, CHUNK):
            end = min(start + CHUNK, bits)
            windows = _windows(raw, start, end)
            begins = _follow(self._length_of_window[windows].tobytes(), position - start)
            position = start + begins.pop()
            parts.append(self._symbol_of_window[windows[begins]])
        symbols = np.concatenate(parts) if parts else np.zeros(0, bitstrings.dtype_of(self.width))
        if position != bits or symbols.size != count or (self._is_single and symbols.size and np.any(raw[:-3])):
            raise ValueError(f"an entropy-coded section does not hold the {count} symbols it should")
        return symbols

    @cached_property
    def _order(self) -> np.ndarray:
        return np.lexsort((self.alphabet, self.lengths))

    @cached_property
    def _words(self) -> np.ndarray:
        """Canonical code words: ascending with (length, symbol)."""
        # The lengths of all symbols define a canonical code, so no code word is stored. Written with 16 bits, a word of
        # length l begins an interval of 2^(16-l) numbers; the intervals of all symbols, shortest words first, follow
        # one another without a gap (Kraft), and a word is the beginning of its interval without the trailing bits.
        lengths = self.lengths[self._order]
        spans = 1 << (LONGEST - lengths)
        words = np.empty_like(self.lengths)
        words[self._order] = (np.cumsum(spans) - spans) >> (LONGEST - lengths)
        return words

    @cached_property
    def _length_of_window(self) -> np.ndarray:
        return self._of_window(self.lengths).astype(np.uint8)

    @cached_property
    def _symbol_of_window(self) -> np.ndarray:
        return self._of_window(self.alphabet).astype(bitstrings.dtype_of(self.width))

    def _of_window(self, values: np.ndarray) -> np.ndarray:
        """For each of the 2**16 windows, the entry of `values` for the symbol that the window begins with."""
        if self._is_single:
            return np.repeat(values, 1 << LONGEST)
        return np.repeat(values[self._order], 1 << (LONGEST - self.lengths[self._order]))

    @property
    def _is_single(self) -> bool:
        return self.alphabet.size == 1

    def _is_complete(self) -> bool:
        if self._is_single:
            return bool(self.lengths[0] == 1)
        in_range = self.alphabet.size > 0 and self.lengths.min() > 0 and self.lengths.max() <= LONGEST
        return bool(in_range and (1 << (LONGEST - self.lengths)).sum() == 1 << LONGEST)


def code_lengths(counts: np.ndarray) -> np.ndarray:
    """Lengths (k,) of the optimal prefix code of at most `LONGEST` bits for symbols that occur `counts` (k,) times.

    Source: Larmore & Hirschberg (1990), A fast algorithm for optimal length-limited Huffman codes.

    >>> code_lengths(np.array([4, 1, 2, 1]))
    array([1, 3, 2, 3])
    """
    # Package-merge, the coin collector's problem: a symbol with a word of l bits buys one coin of each width 2^-1 ...
    # 2^-l at the price of its count, and coins of total width k - 1 must be bought most cheaply. From the smallest
    # width to the largest, the cheapest coins are packaged in pairs and merged with the coins of the next width. Of the
    # last level the 2k - 2 cheapest are taken; going back down, a package taken stands for two of the level before. A
    # symbol's length is how often its coin is among those taken. Plain Huffman has no limit on lengths: 17 Fibonacci
    # counts already need 16 bits, and 18 need 17.
    if counts.size == 1:  # a single symbol still needs a bit per occurrence, or nobody could count them
        return np.ones(1, np.int64)
    order = np.argsort(counts, kind="stable")
    leaves = counts[order]
    level, is_leaf = leaves, [np.ones(leaves.size, bool)]
    for _ in range(LONGEST - 1):
        packages = level[: level.size // 2 * 2].reshape(-1, 2).sum(axis=1)
        merged = np.concatenate([leaves, packages])
        ascending = np.argsort(merged, kind="stable")
        level = merged[ascending]
        is_leaf.append(ascending < leaves.size)
    lengths, taken = np.zeros(counts.size, np.int64), 2 * counts.size - 2
    for leaf in reversed(is_leaf):
        chosen = int(np.count_nonzero(leaf[:taken]))
        lengths[order[:chosen]] += 1
        taken = 2 * (taken - chosen)
    return lengths


def table_bits(width: int, distinct: int) -> int:
    """Bits of the table of a code for `distinct` of the `2**width` symbols, in the smaller of its two forms."""
    return min(2**width * LENGTH_BITS, distinct * (width + LENGTH_BITS))


def _lists_all(width: int, distinct: int) -> bool:
    return table_bits(width, distinct) == 2**width * LENGTH_BITS


def _concatenate(words: np.ndarray, lengths: np.ndarray) -> tuple[bytes, int]:
    """Code words one after another as bytes, and the number of bits."""
    # A word of at most 16 bits reaches into three bytes at most. Each is shifted to its offset within those, and bytes
    # are added up: no two words share a bit, so a sum is as good as an OR and bincount does it without a loop.
    ends = np.cumsum(lengths)
    begins = ends - lengths
    aligned = words << (24 - lengths - begins % 8)
    byte, total = begins // 8, int(ends[-1])
    size = bitstrings.byte_count(total) + 2
    three = [np.bincount(byte + k, aligned >> (16 - 8 * k) & 0xFF, size)[:size] for k in range(3)]
    return np.sum(three, axis=0).astype(np.uint8)[:-2].tobytes(), total


def _windows(raw: np.ndarray, start: int, end: int) -> np.ndarray:
    """(end - start,) uint16: the 16 bits that begin at each bit from `start`, a multiple of 8."""
    part = raw[start // 8 : bitstrings.byte_count(end) + 2].astype(np.uint32)
    triple = part[:-2] << 16 | part[1:-1] << 8 | part[2:]
    return (triple[:, None] >> np.arange(8, 0, -1, dtype=np.uint32)).astype(np.uint16).reshape(-1)[: end - start]


def _follow(lengths: bytes, position: int) -> list[int]:
    """Where symbols begin from bit `position` on, and where the next would, given the length of a word at every bit."""
    # bytes, because a plain loop indexes those several times as fast as an array
    begins = []
    end = len(lengths)
    while position < end:
        begins.append(position)
        position += lengths[position]
    begins.append(position)
    return begins
