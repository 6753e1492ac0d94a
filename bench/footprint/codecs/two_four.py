"""Weights of which n of every m neighbours survive: a pattern per group, then the survivors.

For 2:4 a group is four input channels at one kernel position of one filter, and C(4, 2) = 6 patterns say which two of
them are stored. k patterns are one number of base 6, so that a pattern costs hardly more than log2(6) = 2.585 bits; a
mask of four bits or two indices of two bits cost 4. In all ⌈G/k⌉·⌈k·log2 C(m, n)⌉ + nnz·b bits for G groups. If runs
are entropy-coded, one symbol per pattern may be smaller. Source of the patterns: Mishra et al. (2021), Accelerating
Sparse Deep Neural Networks, whose hardware stores two indices.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations
from math import comb, prod

import numpy as np

from bench.footprint.bitstrings import dtype_of
from bench.footprint.codecs._layout import Layout, Run

NEIGHBOURS = range(2, 17)  # m
WIDEST = 63  # bits of a number that joins patterns
LEAST = 64  # groups: a mask of fewer meets some pattern by chance


class Patterned(Layout):
    """The patterns of all groups, then the survivors, group by group.

    Attributes:
        n, m: of every m neighbours n survive; of the last r < m input channels the smaller of n and r do.
        positions: of a kernel: a row has its input channels, each of so many columns.
        together: k, the patterns that one number joins.
        mask: (rows, columns) bool, True where a weight survives; None where the layout is only read.
    """

    def __init__(
        self, shape: tuple[int, int], width: int, entries: int, *, n: int, m: int, positions: int, together: int
    ):
        super().__init__(shape, width, entries)
        self.n, self.m, self.positions, self.together = n, m, positions, together
        self.parameters = {"n": n, "m": m, "positions": positions, "together": together}
        if m not in NEIGHBOURS or not 0 < n < m:
            raise ValueError(f"no layout keeps {n} of every {m} weights")
        if positions < 1 or shape[1] % positions:
            raise ValueError(f"kernels of {positions} positions do not make rows of {shape[1]} weights")
        if not 1 <= together <= WIDEST or _joined_bits(n, m, together) > WIDEST:
            raise ValueError(f"{together} patterns of {m} weights are more than one number joins")
        self.channels = shape[1] // positions
        if self.channels < m:
            raise ValueError(f"there are no {m} neighbours among {self.channels} input channels")
        self.groups = shape[0] * positions * -(-self.channels // m)
        full, rest = divmod(self.channels, m)
        if entries != shape[0] * positions * (full * n + min(n, rest)):
            raise ValueError(f"{entries} weights are stored where {n} of every {m} survive")
        self.mask: np.ndarray | None = None

    @classmethod
    def candidates(cls, symbols: np.ndarray, width: int, *, entropy: bool = False) -> Sequence[Layout]:
        """None: which zeros survived pruning, as a rounded weight may, only a mask says."""
        return ()

    @classmethod
    def of_mask(cls, symbols: np.ndarray, width: int, mask: np.ndarray, *, entropy: bool = False) -> Sequence[Layout]:
        """The number of patterns per word that needs the fewest bits; if runs are entropy-coded, single ones too."""
        kept = mask.reshape(mask.shape[0], -1) if mask.ndim > 1 else mask[None]
        pattern = _pattern(mask)
        if pattern is None or kept.shape != symbols.shape or bool((symbols[~kept] != 0).any()):
            return ()
        n, m = pattern
        entries, positions = int(np.count_nonzero(mask)), prod(mask.shape[2:])
        joined = [
            cls(symbols.shape, width, entries, n=n, m=m, positions=positions, together=together)
            for together in range(1, WIDEST + 1)
            if _joined_bits(n, m, together) <= WIDEST
        ]
        for layout in joined:
            layout.mask = kept
        smallest = min(joined, key=lambda layout: layout.bits)
        return (smallest, joined[0]) if entropy and smallest is not joined[0] else (smallest,)

    def runs(self) -> tuple[Run, ...]:
        """The patterns, the survivors."""
        bits = _joined_bits(self.n, self.m, self.together)
        return Run("indices", -(-self.groups // self.together), bits), Run("weights", self.entries, self.width)

    def split(self, symbols: np.ndarray) -> tuple[np.ndarray, ...]:
        """The patterns, the survivors."""
        if self.mask is None:
            raise ValueError("a mask says which weights survive")
        kept = self._grouped(self.mask)
        values = self._grouped(symbols)[kept]
        # what the last group lacks of n survivors are the first of its missing channels
        missing = ~self._grouped(np.ones(self.shape, bool))
        kept |= missing & (np.cumsum(missing, 1) <= self.n - kept.sum(1, keepdims=True))
        numbers = _numbers(self.n, self.m)[kept @ (1 << np.arange(self.m))]
        words = np.zeros(self.runs()[0].count * self.together, np.uint64)
        words[: self.groups] = numbers
        powers = np.array([self._base**digit for digit in range(self.together)], np.uint64)
        words = (words.reshape(-1, self.together) * powers).sum(1, dtype=np.uint64)
        return words.astype(dtype_of(self.runs()[0].width)), values

    def join(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """Stored symbols where the patterns are 1, zero elsewhere."""
        rest, values = contents[0].astype(np.uint64), contents[1]
        numbers = np.empty((rest.size, self.together), np.int64)
        for digit in range(self.together):
            rest, numbers[:, digit] = np.divmod(rest, np.uint64(self._base))
        flat = numbers.reshape(-1)
        if rest.any() or flat[self.groups :].any():
            raise ValueError(f"a pattern is not one of the {self._base} there are")
        kept = _patterns(self.n, self.m)[flat[: self.groups]]
        kept &= self._grouped(np.ones(self.shape, bool))
        if np.count_nonzero(kept) != values.size:
            raise ValueError(f"the patterns keep {np.count_nonzero(kept)} weights, {values.size} are stored")
        grouped = np.zeros(kept.shape, values.dtype)
        grouped[kept] = values
        rows = grouped.reshape(self.shape[0], self.positions, -1)[:, :, : self.channels]
        return np.ascontiguousarray(rows.transpose(0, 2, 1)).reshape(self.shape)

    @property
    def _base(self) -> int:
        return comb(self.m, self.n)

    def _grouped(self, matrix: np.ndarray) -> np.ndarray:
        """(groups, m): neighbours along input channels, by row and kernel position; missing channels are zero."""
        rows = matrix.reshape(self.shape[0], self.channels, self.positions).transpose(0, 2, 1)
        padded = np.pad(rows, ((0, 0), (0, 0), (0, -self.channels % self.m)))
        return padded.reshape(-1, self.m)


def _pattern(mask: np.ndarray) -> tuple[int, int] | None:
    """n and m, the smallest m, if just n of every m neighbours along the second axis survive; None for other masks."""
    if mask.ndim < 2 or not mask.size:
        return None
    rows = mask.reshape(*mask.shape[:2], -1)
    for m in NEIGHBOURS[: max(mask.shape[1] - 1, 0)]:
        # one filter refutes nearly all masks that have no pattern
        if (n := _kept_of(rows[:1], m)) and rows[:, ::m].size >= LEAST and _kept_of(rows, m) == n:
            return n, m
    return None


def _kept_of(rows: np.ndarray, m: int) -> int | None:
    """n, if in rows (Cout, Cin, positions) n of every m input channels survive, fewer than m and more than none."""
    counts = np.add.reduceat(rows, np.arange(0, rows.shape[1], m), axis=1, dtype=np.int64)
    n = int(counts[0, 0, 0])
    expected = np.full(counts.shape[1], n)
    if rest := rows.shape[1] % m:
        expected[-1] = min(n, rest)
    return n if 0 < n < m and bool((counts == expected[:, None]).all()) else None


def _joined_bits(n: int, m: int, together: int) -> int:
    """⌈together·log2 C(m, n)⌉: of the largest number that so many patterns make."""
    return int(comb(m, n) ** together - 1).bit_length()


@cache
def _patterns(n: int, m: int) -> np.ndarray:
    """(C(m, n), m) bool: which neighbours survive, in the order of their positions."""
    patterns = np.zeros((comb(m, n), m), bool)
    for number, chosen in enumerate(combinations(range(m), n)):
        patterns[number, list(chosen)] = True
    return patterns


@cache
def _numbers(n: int, m: int) -> np.ndarray:
    """(2^m,) the number of the pattern whose survivors are the bits of an index, least significant first."""
    numbers = np.zeros(2**m, np.int64)
    numbers[_patterns(n, m) @ (1 << np.arange(m))] = np.arange(comb(m, n))
    return numbers
