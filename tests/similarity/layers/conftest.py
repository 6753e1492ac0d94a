"""Two networks' layers that several tests compare."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def networks(rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Three and two layers of 150 images (more than one strip), of unequal widths."""
    image = rng.normal(size=(150, 6))
    first = [image @ rng.normal(size=(6, d)) + rng.normal(size=(150, d)) for d in (4, 9, 5)]
    second = [image @ rng.normal(size=(6, d)) + 0.3 * rng.normal(size=(150, d)) + 7.0 for d in (8, 3)]
    return first, second
