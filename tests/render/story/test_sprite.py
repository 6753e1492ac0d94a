from __future__ import annotations

import base64
import io

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from bench.render.story.sprite import LOSSLESS, sprite


def shown(packed, index: int) -> np.ndarray:
    """What the page shows at a picture's place."""
    image = Image.open(io.BytesIO(base64.b64decode(packed.uri.partition(",")[2]))).convert("RGB")
    assert image.size == (packed.width, packed.height)
    left, top, width, height = map(int, packed.boxes[index].split())
    return np.asarray(image.crop((left, top, left + width, top + height)))


@pytest.mark.parametrize("shape", [(8, 8, 3), (28, 28, 3), (5, 11, 3)])
def test_every_picture_is_shown_as_it_is(shape):
    pictures = np.random.default_rng(0).integers(0, 256, (70, *shape))
    packed = sprite(pictures / 255.0)
    for index in (0, 31, 32, 69):
        np.testing.assert_array_equal(shown(packed, index), pictures[index])


def test_grey_pictures_and_maps_of_few_colours_stay_exact_and_small():
    grey = np.random.default_rng(0).integers(0, 17, (70, 8, 8, 1)).repeat(3, axis=3) / 16
    np.testing.assert_array_equal(shown(sprite(grey), 40), np.rint(255 * grey[40]).astype(np.uint8))
    assert len(sprite(grey).uri) < 70 * 8 * 8
    scale = mpl.colormaps["RdBu_r"].resampled(64)
    maps = scale(np.random.default_rng(0).random((70, 8, 8)))[..., :3]
    np.testing.assert_array_equal(shown(sprite(maps), 40), np.rint(255 * maps[40]).astype(np.uint8))


def test_many_photographs_lose_what_nobody_sees_and_do_not_mix():
    smooth = np.linspace(0, 1, 50)[None, :, None, None] * np.linspace(0, 1, 50)[None, None, :, None]
    rng = np.random.default_rng(0)
    pictures = np.clip(0.8 * smooth + 0.2 * rng.random((40, 50, 50, 3)) * np.array([1, 0, 0]), 0, 1)
    pictures[1::2] = 1 - pictures[1::2]
    exact, lossy = sprite(pictures), sprite(pictures, photographs=True)
    assert exact.uri.startswith("data:image/png") and len(exact.uri) > LOSSLESS
    assert lossy.uri.startswith("data:image/jpeg") and len(lossy.uri) < len(exact.uri)
    for index in (0, 1, 39):
        off = np.abs(shown(lossy, index).astype(float) / 255 - pictures[index])
        assert off.mean() < 0.05 and off[-1].mean() < 0.07


def test_what_is_missing_is_grey_and_nothing_is_nothing():
    assert (shown(sprite([np.full((8, 8, 3), np.nan)]), 0) == 128).all()
    assert sprite([]).uri == ""
