from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from PIL import Image

from bench.data.sources import _decode
from bench.data.sources._decode import decode
from bench.errors import InputError

RGB = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
GRAY = np.arange(16, dtype=np.uint8).reshape(4, 4)


@pytest.fixture
def save(tmp_path):
    def save(name, pixels, mode=None, **options):
        image = Image.fromarray(pixels)
        (image.convert(mode) if mode else image).save(tmp_path / name, **options)
        return tmp_path / name

    return save


def test_colour_comes_channels_first(save):
    images, _ = decode([save("a.png", RGB), save("b.bmp", RGB[::-1])])
    assert images.dtype == np.uint8
    assert np.array_equal(images, np.stack([RGB, RGB[::-1]]).transpose(0, 3, 1, 2))


def test_gray_stays_gray(save):
    images, _ = decode([save("a.png", GRAY), save("b.png", GRAY.T), save("c.png", GRAY, "LA")])
    assert np.array_equal(images, np.stack([GRAY, GRAY.T, GRAY])[:, np.newaxis])


def test_gray_among_colours_becomes_colour(save):
    images, _ = decode([save("a.png", GRAY), save("b.png", RGB)])
    assert np.array_equal(images, np.stack([np.stack([GRAY] * 3), RGB.transpose(2, 0, 1)]))


def test_transparency_is_dropped(save):
    transparent = np.dstack([RGB, np.full((4, 4), 7, np.uint8)])
    assert np.array_equal(decode([save("a.png", transparent)]).images[0], RGB.transpose(2, 0, 1))


def test_palettes_are_looked_up_without_a_warning(save):
    few = RGB // 16 * 16
    file = save("a.png", few, "P", transparency=bytes(range(256)))
    with Image.open(file) as image:
        expected = np.asarray(image.convert("RGBA"))[..., :3]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(decode([file]).images[0], expected.transpose(2, 0, 1))


def test_bilevel_becomes_black_and_white(save):
    assert set(np.unique(decode([save("a.png", np.eye(4, dtype=np.uint8) * 255, "1")]).images)) == {0, 255}


def test_many_files_keep_their_order(save, monkeypatch):
    monkeypatch.setattr(_decode, "CHUNK", 3)
    files = [save(f"{number}.png", np.full((2, 2), number, np.uint8)) for number in range(20)]
    assert decode(files).images[:, 0, 0, 0].tolist() == list(range(20))


def test_mixed_sizes_are_refused_with_both_paths(save):
    files = [save("a.png", GRAY), save("b.png", GRAY), save("c.png", np.zeros((5, 6), np.uint8))]
    expected = f"images must have one size: {files[0]} is 4×4 pixels, {files[2]} is 6×5"
    with pytest.raises(InputError, match=re.escape(expected)):
        decode(files)


def test_oblong_images_are_refused(save):
    file = save("a.png", np.zeros((5, 6), np.uint8))
    with pytest.raises(InputError, match=re.escape(f"{file} is 6×5 pixels, only square images are accepted")):
        decode([file])


def test_deep_images_are_refused_rather_than_clipped(save):
    file = save("a.png", GRAY.astype(np.uint16) * 1000)
    with pytest.raises(InputError, match=re.escape(f"{file} has more than 8 bits a channel")):
        decode([file])


@pytest.mark.parametrize("position", [0, 1])
def test_a_file_that_is_no_image_is_named(save, tmp_path, position):
    foreign = tmp_path / "notes.jpg"
    foreign.write_text("buy milk")
    files = [save("a.png", GRAY)]
    files.insert(position, foreign)
    with pytest.raises(InputError, match=re.escape(f"{foreign} cannot be read as an image (of no known format)")):
        decode(files)


def test_a_truncated_file_is_named(save):
    good, cut = save("a.jpg", np.zeros((64, 64, 3), np.uint8)), save("b.jpg", np.zeros((64, 64, 3), np.uint8))
    cut.write_bytes(cut.read_bytes()[:-20])
    with pytest.raises(InputError, match=re.escape(f"{cut} cannot be read as an image (OSError: ")):
        decode([good, cut])


def test_a_missing_file_is_named(save, tmp_path):
    with pytest.raises(InputError, match=re.escape(str(tmp_path / "gone.png"))):
        decode([save("a.png", GRAY), tmp_path / "gone.png"])
