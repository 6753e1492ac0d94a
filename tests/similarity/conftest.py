"""Pairs of representations that the tests of several measures share."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def related(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """x (80, 6) and y (80, 9) of the same images, neither centred."""
    image = rng.normal(size=(80, 5))
    x = image @ rng.normal(size=(5, 6)) + 0.5 * rng.normal(size=(80, 6)) + 3.0
    y = image @ rng.normal(size=(5, 9)) + 0.5 * rng.normal(size=(80, 9)) - 1.0
    return x, y
