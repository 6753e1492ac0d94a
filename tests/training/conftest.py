"""Handwritten digits to train on, straight from scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from bench.data import Split


@pytest.fixture(scope="session")
def digits() -> tuple[Split, Split]:
    """1,400 training and 397 test images, (n, 1, 8, 8) uint8."""
    found = load_digits()
    images = np.round(found.images * 255 / 16).astype(np.uint8)[:, None]
    labels = found.target.astype(np.int64)
    order = np.random.default_rng(0).permutation(len(labels))
    return Split(images[order[:1400]], labels[order[:1400]]), Split(images[order[1400:]], labels[order[1400:]])


@pytest.fixture(scope="session")
def few(digits) -> Split:
    """The first 200 training images."""
    return Split(digits[0].images[:200], digits[0].labels[:200])
