"""Populations in words."""

from __future__ import annotations

from bench.statistics.simulate import Population

SPECTRA = {"decaying": "decaying spectrum", "flat": "flat spectrum"}
IMAGES = {"plain": "Gaussian", "outliers": "Gaussian with heavy outliers"}


def in_words(population: Population) -> str:
    """For the table, e.g. "Gaussian, flat spectrum"."""
    return f"{IMAGES[population.images]}, {SPECTRA[population.spectrum]}"
