"""Codebooks by plain k-means, or by k-means with annealed noise (Martinez et al. 2021, section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEAREST_AT_ONCE = 2**18  # distances at a time: few enough to stay in the processor's cache
TIE_BREAK = 1e-5  # of a standard deviation, so that no two first words are the same
SETTLING = 10  # iterations without noise at the end
MOST_PER_WORD = 128  # rows that an iteration looks at, in weights with more
MOST_ROWS = 2**17
SETTLING_ON_ALL = 3  # iterations over all rows at the end, where the others looked at some
MOVES = 10  # attempts to give every word a row in the end


@dataclass(frozen=True)
class Annealing:
    """Gaussian noise on rows, in iteration i of I of heat·(1 - i/I)^cooling of their standard deviations.

    A centroid is a mean of n disturbed rows, and its noise a √n-th of that, which is all that is computed.
    """

    heat: float
    cooling: float


def k_means(
    rows: np.ndarray, words: int, iterations: int, annealing: Annealing | None, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A codebook for rows, and the word of each row.

    Args:
        rows: (n, d) float32.
        annealing: the schedule of noise, followed by a few plain iterations; None for plain k-means, which stops once
            nothing changes.

    Returns:
        Codebook (words, d) float16, and codes (n,) int64, each row's nearest word. Every word is used, if the rows
        are different enough.
    """
    # Stochastic relaxation: centroids are means of rows with noise, in proportion to the rows' spread in each
    # dimension, that decays to nothing. Early on rows change their word freely, which carries the codebook out of the
    # local optimum that plain k-means settles in from its random start. The squared error of 256 words ends some 5%
    # lower. Codes are of the rows themselves, and a few plain iterations end it, so that every word ends as the mean of
    # its rows.
    #
    # A word is the mean of some hundred rows long before a large layer has been read to its end: AlexNet's 15 million
    # rows took four minutes. Each iteration therefore reads other rows, drawn without replacement until all have been
    # read; at first a quarter of what it reads in the end, because noise hides what the rest would add. Some iterations
    # over all rows follow. The squared error of 256 words ends at most 1% larger than if every iteration read all, that
    # of 2048 words 4%, which is still below that of plain k-means. Plain k-means, the baseline, reads all in each.
    most = min(MOST_PER_WORD * words, MOST_ROWS) if annealing else len(rows)
    read = _Rows(rows, most, iterations, generator)
    spread = rows.std(0)
    start = rows[generator.choice(len(rows), words, replace=False)]
    codebook = start + TIE_BREAK * spread * _noise(generator, start.shape)
    if annealing:
        for iteration in range(iterations):
            part = read.next((1 + 3 * (iteration / iterations) ** 2) / 4)
            codes = nearest(part, codebook)
            codebook = _updated(part, codes, codebook, generator)
            heat = annealing.heat * (1 - iteration / iterations) ** annealing.cooling
            uses = np.bincount(codes, minlength=words).clip(min=1)[:, None].astype(np.float32)
            codebook = codebook + np.float32(heat) * spread / np.sqrt(uses) * _noise(generator, codebook.shape)
    settling = SETTLING_ON_ALL if len(rows) > most else SETTLING if annealing else iterations
    return _stored(rows, _settled(rows, codebook, settling, generator))


class _Rows:
    """Some rows after others, in an order drawn at random; always all if they are few."""

    def __init__(self, rows: np.ndarray, most: int, times: int, generator: np.random.Generator):
        self.rows, self.most, self.position = rows, most, 0
        # drawn only where it is needed, so that layers of few rows draw the same numbers as ever
        if len(rows) > most:
            self.rows = rows[generator.permutation(len(rows))[: times * most]]

    def next(self, share: float) -> np.ndarray:
        """The next rows, a share of the most that are read at once."""
        if len(self.rows) <= self.most:
            return self.rows
        count = int(share * self.most)
        if self.position + count > len(self.rows):
            self.position = 0
        self.position += count
        return self.rows[self.position - count : self.position]


def _settled(rows: np.ndarray, codebook: np.ndarray, iterations: int, generator: np.random.Generator) -> np.ndarray:
    """The codebook after plain iterations, stopped early once no code changes."""
    codes = np.zeros(0, np.int64)
    for _ in range(iterations):
        before, codes = codes, nearest(rows, codebook)
        if np.array_equal(before, codes):
            break
        codebook = _updated(rows, codes, codebook, generator)
    return codebook


def nearest(rows: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Index (n,) of the nearest word (k, d) to each row (n, d); the first of equals."""
    # ‖x - w‖² = ‖x‖² - 2 (x·w - ‖w‖²/2), and ‖x‖² is the same for all words: the nearest has the largest x·w - ‖w‖²/2.
    # With 1 appended to x and -‖w‖²/2 to w, that is one matrix product per chunk of rows.
    words = codebook.astype(np.float32)
    projection = np.concatenate([words.T, -0.5 * (words**2).sum(1)[None]])
    chunk = max(NEAREST_AT_ONCE // len(words), 1)
    scores = np.empty((chunk, len(words)), np.float32)
    codes = np.empty(len(rows), np.int64)
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        extended = np.concatenate([part, np.ones((len(part), 1), np.float32)], axis=1)
        np.matmul(extended, projection, out=scores[: len(part)]).argmax(1, out=codes[start : start + chunk])
    return codes


def _stored(rows: np.ndarray, codebook: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Words rounded to float16 and the nearest of them for each row, with no word left unused.

    Two words may round to the same numbers, and then the second is nearest to no row. An unused word moves to the row
    that is worst represented, and all rows are assigned again.
    """
    for _ in range(MOVES):
        words = codebook.astype(np.float16)
        codes = nearest(rows, words)
        unused = np.setdiff1d(np.arange(len(words)), codes)
        if not unused.size:
            break
        codebook = _means(rows, codes, codebook)
        error = ((rows - codebook[codes]) ** 2).sum(1)
        codebook[unused] = rows[np.argsort(-error, kind="stable")[: unused.size]]
    return words, codes


def _updated(rows: np.ndarray, codes: np.ndarray, codebook: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Mean of each word's rows; a word without rows moves to a random row, or noise would carry it ever further off."""
    updated = _means(rows, codes, codebook)
    unused = np.flatnonzero(np.bincount(codes, minlength=len(codebook)) == 0)
    updated[unused] = rows[generator.choice(len(rows), unused.size)]
    return updated


def _means(rows: np.ndarray, codes: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Mean of each word's rows; a word without rows stays as it is."""
    counts = np.bincount(codes, minlength=len(codebook))
    sums = np.stack([np.bincount(codes, column, len(codebook)) for column in rows.T], axis=1)
    means = sums / np.maximum(counts, 1)[:, None]
    return np.where(counts[:, None] > 0, means, codebook).astype(np.float32)


def _noise(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return generator.standard_normal(shape, dtype=np.float32)
