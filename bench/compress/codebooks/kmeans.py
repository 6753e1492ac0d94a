"""Codebooks: plain k-means, and k-means whose centroids are shaken ever less (Martinez et al. 2021, section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEAREST_AT_ONCE = 2**18  # distances: few enough to stay in the cache
TIE_BREAK = 1e-5  # of a standard deviation, so that no two first words are the same
SETTLING = 10  # iterations without noise at the end
MOVES = 10  # attempts to give every word a row in the end


@dataclass(frozen=True)
class Annealing:
    """How centroids are shaken: in iteration i of I by Gaussian noise of heat·(1 - i/I)^cooling standard deviations."""

    heat: float
    cooling: float


def k_means(
    rows: np.ndarray, words: int, iterations: int, annealing: Annealing | None, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A codebook for rows, and the word of each.

    Args:
        rows: (n, d) float32.
        annealing: stochastic relaxation, which a few plain iterations follow; None for plain k-means, which stops
            where nothing changes any more.

    Returns:
        Codebook (words, d) float16, and codes (n,) int64, each row's nearest word. Every word is used, if the rows
        are different enough.
    """
    spread = rows.std(0)
    start = rows[generator.choice(len(rows), words, replace=False)]
    codebook = start + TIE_BREAK * spread * _noise(generator, start.shape)
    if annealing:
        for iteration in range(iterations):
            codebook = _updated(rows, nearest(rows, codebook), codebook, generator)
            heat = annealing.heat * (1 - iteration / iterations) ** annealing.cooling
            codebook = codebook + np.float32(heat) * spread * _noise(generator, codebook.shape)
    return _stored(rows, _settled(rows, codebook, SETTLING if annealing else iterations, generator))


def _settled(rows: np.ndarray, codebook: np.ndarray, iterations: int, generator: np.random.Generator) -> np.ndarray:
    """The codebook after plain iterations, fewer where nothing changes any more."""
    codes = np.zeros(0, np.int64)
    for _ in range(iterations):
        before, codes = codes, nearest(rows, codebook)
        if np.array_equal(before, codes):
            break
        codebook = _updated(rows, codes, codebook, generator)
    return codebook


def nearest(rows: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Index (n,) of the nearest word (k, d) to each row (n, d); the first of equals."""
    words = codebook.astype(np.float32)
    projection = np.concatenate([words.T, -0.5 * (words**2).sum(1)[None]])  # largest inner product: nearest
    chunk = max(NEAREST_AT_ONCE // len(words), 1)
    scores = np.empty((chunk, len(words)), np.float32)
    codes = np.empty(len(rows), np.int64)
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        extended = np.concatenate([part, np.ones((len(part), 1), np.float32)], axis=1)
        np.matmul(extended, projection, out=scores[: len(part)]).argmax(1, out=codes[start : start + chunk])
    return codes


def _stored(rows: np.ndarray, codebook: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Words rounded to what is stored, codes that are nearest to those; no word left without a row."""
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
    """Means, and a random row for each word that has none: noise would carry it ever further off."""
    updated = _means(rows, codes, codebook)
    unused = np.flatnonzero(np.bincount(codes, minlength=len(codebook)) == 0)
    updated[unused] = rows[generator.choice(len(rows), unused.size)]
    return updated


def _means(rows: np.ndarray, codes: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """Mean of each word's rows; a word without rows stays where it is."""
    counts = np.bincount(codes, minlength=len(codebook))
    sums = np.stack([np.bincount(codes, column, len(codebook)) for column in rows.T], axis=1)
    means = sums / np.maximum(counts, 1)[:, None]
    return np.where(counts[:, None] > 0, means, codebook).astype(np.float32)


def _noise(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return generator.standard_normal(shape, dtype=np.float32)
