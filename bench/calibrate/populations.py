"""Populations in words, for the table."""

from __future__ import annotations

from bench.statistics.simulate import Population

SPECTRA = {"decaying": "decaying spectrum", "flat": "flat spectrum"}
IMAGES = {"plain": "Gaussian", "outliers": "Gaussian with heavy outliers"}


def in_words(population: Population) -> str:
    """A population's distribution and spectrum, e.g. "Gaussian, flat spectrum"."""
    return f"{IMAGES[population.images]}, {SPECTRA[population.spectrum]}"
