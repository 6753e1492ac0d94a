import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bench.data import pictures
from bench.errors import InputError

RGB = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
ORDINARY = (("a.png", {}), ("a.jpg", {"quality": 95}), ("a.webp", {}), ("a.bmp", {}), ("a.tif", {}))


@pytest.fixture
def save(tmp_path):
    def save(name, image, **options):
        image = image if isinstance(image, Image.Image) else Image.fromarray(image)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save


def pixels(file):
    return np.asarray(pictures.in_colour(pictures.read(file)))


@pytest.mark.parametrize(("name", "options"), ORDINARY)
def test_ordinary_files_are_what_pil_makes_of_them(name, options, save):
    file = save(name, RGB, **options)
    with Image.open(file) as image:
        assert np.array_equal(pixels(file), np.asarray(image.convert("RGB")))
    assert pictures.read(file).traits == ()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(name, orientation, save):
    # EXIF: where the stored row 0 and column 0 lie in the picture; "row at the right side, column at the top" is 6.
    stored = {
        1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1], 5: RGB.swapaxes(0, 1),
        6: np.rot90(RGB, 1), 7: np.rot90(RGB.swapaxes(0, 1), 2), 8: np.rot90(RGB, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = orientation
    lossless = {"lossless": True} if name.endswith("webp") else {}
    file = save(name, np.ascontiguousarray(stored), exif=exif, **lossless)
    assert np.array_equal(pixels(file), RGB)
    if name == "a.png":
        assert pictures.read(file).traits == ((pictures.ROTATED,) if orientation > 1 else ())


def test_damaged_exif_data_leave_the_pixels(save):
    file = save("a.png", RGB, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(pixels(file), RGB)


def deep_png(file, colour):
    """A PNG of 16 bits a channel, which PIL cannot write in colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    rows = b"".join(b"\0" + bytes(range(2 * channels * 4)) for _ in range(4))
    header = struct.pack(">IIBBBBB", 4, 4, 16, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_png_of_16_bits_is_refused(colour, tmp_path):
    deep_png(tmp_path / "a.png", colour)
    with pytest.raises(InputError, match=r"a.png has more than 8 bits a channel"):
        pictures.read(tmp_path / "a.png")


def deep_tiff(file):
    """An RGB TIFF of 16 bits a channel in one strip."""
    entries = [(256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 3, 200), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 206),
               (277, 3, 1, 3), (278, 3, 1, 4), (279, 4, 1, 96)]  # fmt: skip
    data = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for tag, kind, count, value in entries:
        data += struct.pack("<HHII", tag, kind, count, value)
    file.write_bytes((data + bytes(4)).ljust(200, b"\0") + struct.pack("<HHH", 16, 16, 16) + bytes(range(96)))


def test_tiff_and_ppm_of_16_bits_are_refused(tmp_path, save):
    deep_tiff(tmp_path / "a.tif")
    (tmp_path / "b.ppm").write_bytes(b"P6 4 4 65535 " + bytes(96))
    save("c.tif", np.zeros((4, 4), np.float32))
    save("d.tif", np.zeros((4, 4), np.uint16), compression="tiff_lzw")
    for name in ("a.tif", "b.ppm", "c.tif", "d.tif"):
        with pytest.raises(InputError, match=f"{name} has more than 8 bits a channel"):
            pictures.read(tmp_path / name)


def test_cmyk_is_converted_and_told(save):
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[..., 0] = 255  # cyan alone
    file = save("a.jpg", Image.fromarray(inks, "CMYK"))
    assert np.abs(pixels(file).astype(int) - [0, 255, 255]).max() <= 2
    assert pictures.read(file).traits == (pictures.FOUR_INKS,)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_of_an_animation_the_first_frame_is_taken_and_told(name, save):
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (10, 200, 90)]
    lossless = {"lossless": True} if name.endswith("webp") else {}
    file = save(name, frames[0], save_all=True, append_images=frames[1:], **lossless)
    assert np.array_equal(pixels(file), np.asarray(frames[0]))
    assert pictures.read(file).traits == (pictures.ANIMATION,)


def test_transparency_is_told_where_a_pixel_is_transparent(save):
    for alpha, traits in ((255, ()), (7, (pictures.TRANSPARENT,))):
        whole = save(f"{alpha}.png", np.dstack([RGB, np.full((4, 4), alpha, np.uint8)]))
        palette = save(f"p{alpha}.png", Image.fromarray(RGB).convert("P"), transparency=bytes([alpha] * 256))
        assert pictures.read(whole).traits == pictures.read(palette).traits == traits
        assert np.array_equal(pixels(whole), RGB)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.bmp", "a.tif", "a.webp", "a.ppm"])
@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.9])
def test_truncated_files_are_refused_in_a_sentence(name, share, save):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = save(name, noise)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=re.escape(f"{file} cannot be read as an image (")):
        pictures.read(file)


def test_a_picture_too_large_to_be_meant_is_refused(save, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    with pytest.raises(InputError, match="DecompressionBomb"):
        pictures.read(save("a.png", RGB))
