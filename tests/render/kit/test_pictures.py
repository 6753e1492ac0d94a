from __future__ import annotations

import numpy as np

from bench.render.kit.pictures import thumbnails


def test_small_pictures_are_magnified_and_large_ones_averaged():
    small, large = np.arange(16.0).reshape(1, 4, 4), np.kron([[[1.0, 3.0]]], np.ones((1, 96, 48)))
    assert thumbnails(small).shape == (1, 24, 24)
    np.testing.assert_array_equal(thumbnails(small)[0, ::6, ::6], small[0])
    shown = thumbnails(large)
    assert shown.shape == (1, 48, 48)
    assert shown[0, 0, 0] == 1
    assert shown[0, 0, -1] == 3


def test_a_very_long_picture_keeps_something_of_its_short_side():
    assert thumbnails(np.ones((1, 2, 300))).shape == (1, 1, 42)
