from __future__ import annotations

import numpy as np
import pytest

from bench.data import _prepare
from bench.data._prepare import moments
from bench.errors import InputError


def test_half_black_half_white():
    images = np.zeros((2, 1, 2, 2), dtype=np.uint8)
    images[0] = 255
    assert moments(images) == ((0.5,), (0.5,))


def test_each_channel_as_numpy_has_it(monkeypatch):
    monkeypatch.setattr(_prepare, "CHUNK", 3)
    images = np.random.default_rng(0).integers(0, 256, (10, 3, 5, 5), dtype=np.uint8)
    mean, std = moments(images)
    np.testing.assert_allclose(mean, (images / 255).mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, (images / 255).std((0, 2, 3)), rtol=1e-12)


def test_the_order_of_images_changes_no_bit():
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 5, 5), dtype=np.uint8)
    assert moments(images) == moments(images[::-1])


def test_many_white_pixels_do_not_overflow():
    images = np.full((2000, 1, 64, 64), 255, dtype=np.uint8)
    images[0, 0, 0, 0] = 0
    ((mean,), (std,)) = moments(images)
    assert mean == pytest.approx(1, abs=1e-6)
    assert std == pytest.approx(images.size**-0.5, rel=1e-6)


def test_a_blank_channel_is_refused():
    images = np.random.default_rng(0).integers(0, 256, (10, 3, 2, 2), dtype=np.uint8)
    images[:, 2] = 7
    with pytest.raises(InputError, match="channel 2 of all 10 training images has the same value everywhere"):
        moments(images)
