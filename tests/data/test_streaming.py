"""Image files of any size as a data set: what is streamed, what the fingerprint is made of, and what a class needs."""

from __future__ import annotations

import logging
import pickle
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

import bench.data
from bench.data import _streaming, streamed
from bench.data.sources.folder import Folder
from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError
from tests.data.photographs import photograph, tree

COUNTS = {"train": {"cat": 8, "dog": 5}, "test": {"cat": 3, "dog": 2}}
TRANSFORM = ValidationTransform(resize=36, center_crop=32)


@pytest.fixture
def photographs(tmp_path):
    return tree(tmp_path / "photographs", COUNTS)


def load(root, settings, **more):
    return bench.data.load(f"folder:{root}", **settings, **more)


def test_images_of_many_sizes_are_streamed_and_seen_as_torchvision_makes_them(photographs, settings):
    images = load(photographs, settings).transformed(TRANSFORM)
    assert (images.channels, images.size, images.test.images.shape) == (3, 32, (5, 3, 32, 32))
    as_usual = v2.Compose([v2.Resize(36), v2.CenterCrop(32)])
    files = [*sorted((photographs / "test/cat").iterdir()), *sorted((photographs / "test/dog").iterdir())]
    expected = [as_usual(torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1).contiguous()) for file in files]
    np.testing.assert_array_equal(images.test.images[:], torch.stack(expected).numpy())
    np.testing.assert_array_equal(np.asarray(images.probe_images), images.test.images[images.probe])
    np.testing.assert_array_equal(images.test.images[3], images.test.images[[3]][0])
    np.testing.assert_array_equal(images.test.subset([4, 1]).images[:], images.test.images[np.array([4, 1])])
    assert images.test.subset([4, 1]).labels.tolist() == [1, 0]


def test_the_parts_are_those_of_a_resident_set(photographs, settings, tmp_path):
    square = tree(tmp_path / "square", COUNTS, size=(20, 20))
    resident, flowing = load(square, settings), load(square, settings, streamed=True)
    assert isinstance(resident.train.images, np.ndarray)
    assert not isinstance(flowing.train.images, np.ndarray)
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(np.asarray(getattr(flowing, part).images), getattr(resident, part).images)
        np.testing.assert_array_equal(getattr(flowing, part).labels, getattr(resident, part).labels)
    assert (flowing.mean, flowing.std) == (resident.mean, resident.std)
    assert flowing.probe.tolist() == resident.probe.tolist()
    assert flowing.fingerprint != resident.fingerprint


def test_sets_too_large_for_memory_are_streamed(settings, tmp_path, monkeypatch):
    square = tree(tmp_path / "square", COUNTS, size=(20, 20))
    monkeypatch.setattr(_streaming, "RESIDENT", 18 * 20 * 20 * 3 - 1)
    assert not isinstance(load(square, settings).train.images, np.ndarray)
    other = {**settings, "cache": tmp_path / "other"}
    monkeypatch.setattr(_streaming, "RESIDENT", 18 * 20 * 20 * 3)
    assert isinstance(load(square, other).train.images, np.ndarray)


def test_a_transform_makes_a_resident_set_a_sequence(settings, tmp_path):
    square = tree(tmp_path / "square", COUNTS, size=(20, 20))
    images = load(square, settings)
    assert images.transformed(ValidationTransform()).train.images is images.train.images
    larger = images.transformed(ValidationTransform(resize=40, interpolation="bicubic"))
    assert larger.size == 40
    whole = v2.functional.resize(
        torch.from_numpy(np.array(images.test.images)), [40], v2.InterpolationMode.BICUBIC, antialias=True
    )
    np.testing.assert_array_equal(np.asarray(larger.test.images), whole.numpy())
    again = pickle.loads(pickle.dumps(larger.test.images))  # noqa: S301
    np.testing.assert_array_equal(again[2:4], larger.test.images[2:4])


def test_the_fingerprint_is_that_of_the_images_wherever_they_are(photographs, settings, tmp_path):
    fingerprint = bench.data.fingerprint(f"folder:{photographs}", **settings)
    assert fingerprint == load(photographs, settings).fingerprint
    copy = shutil.copytree(photographs, tmp_path / "copy", copy_function=shutil.copyfile)
    cold = {**settings, "cache": tmp_path / "cold"}
    assert bench.data.fingerprint(f"folder:{copy}", **settings) == fingerprint
    assert bench.data.fingerprint(f"folder:{copy}", **cold) == fingerprint
    (copy / "train/cat/7.jpg").rename(copy / "train/cat/78.jpg")  # which is in the same order
    assert bench.data.fingerprint(f"folder:{copy}", **settings) == fingerprint
    np.testing.assert_array_equal(
        np.asarray(load(copy, settings).transformed(TRANSFORM).train.images),
        np.asarray(load(photographs, settings).transformed(TRANSFORM).train.images),
    )
    file = copy / "train/cat/0.jpg"
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)
    assert bench.data.fingerprint(f"folder:{copy}", **settings) != fingerprint


def test_a_warm_cache_opens_no_image(photographs, settings, monkeypatch):
    fingerprint = bench.data.fingerprint(f"folder:{photographs}", **settings)
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("an image was opened"))
    assert bench.data.fingerprint(f"folder:{photographs}", **settings) == fingerprint
    assert load(photographs, settings).fingerprint == fingerprint


def test_a_damaged_list_is_made_again(photographs, settings, caplog):
    before = load(photographs, settings)
    (names,) = (settings["cache"] / "files").glob("*/names.npy")
    names.write_bytes(names.read_bytes()[:-1] + b"x")
    after = load(photographs, settings)
    assert "the files are listed again" in caplog.text
    assert after.fingerprint == before.fingerprint
    assert after.train.images.reader(0).shape == before.train.images.reader(0).shape


def test_sizes_that_make_no_squares_are_refused_with_what_to_write(photographs, settings):
    images = load(photographs, settings)
    with pytest.raises(
        InputError, match=r"40 to 70×40 to 60 pixels .* e\.g\. \[training\] with resize = 256, center_c"
    ):
        _ = images.size
    with pytest.raises(InputError, match="center_crop = 41 reaches beyond the smallest image's side of 40 pixels"):
        images.transformed(ValidationTransform(center_crop=41))
    with pytest.raises(InputError, match="center_crop = 41 reaches beyond resize = 30"):
        images.transformed(ValidationTransform(resize=30, center_crop=41))
    with pytest.raises(InputError, match="become squares of one size"):
        images.transformed(ValidationTransform(resize=30))


def test_what_cannot_be_streamed_is_refused(settings):
    with pytest.raises(InputError, match="data source 'digits' holds no image files: only those can be streamed"):
        bench.data.load("digits", **settings, streamed=True)


def test_whatever_pictures_there_are_look_as_in_a_resident_set(settings, tmp_path):
    root = tree(tmp_path / "square", COUNTS, size=(20, 20))
    folder, image = root / "train/cat", photograph(99, (20, 20))
    exif = image.getexif()
    exif[274] = 6
    image.save(folder / "turned.jpg", exif=exif)
    image.convert("CMYK").save(folder / "inks.jpg")
    image.convert("L").save(folder / "gray.jpg")
    image.convert("P").save(folder / "palette.png")
    image.convert("RGBA").save(folder / "alpha.png")
    image.save(folder / "called.jpg", format="PNG")
    resident, flowing = load(root, settings), load(root, settings, streamed=True)
    np.testing.assert_array_equal(np.asarray(flowing.train.images), resident.train.images)


def test_gray_sets_have_one_channel(settings, tmp_path):
    root = tree(tmp_path / "gray", COUNTS)
    for file in root.rglob("*.jpg"):
        with Image.open(file) as image:
            image.convert("L").save(file)
    assert load(root, settings).transformed(TRANSFORM).test.images.shape == (5, 1, 32, 32)


def test_pil_and_torchcodec_make_the_same_pixels(photographs, monkeypatch):
    pytest.importorskip("torchcodec")
    file = photographs / "train/cat/0.jpg"
    theirs = streamed.decode(file, 3, plain=True)
    monkeypatch.setattr(streamed, "decode_jpeg", None)
    assert torch.equal(streamed.decode(file, 3, plain=True), theirs)


def test_unusable_files_are_named(photographs, settings):
    (photographs / "train/cat/0.jpg").write_bytes(b"no image")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(photographs / "test/dog/deep.png")
    with pytest.raises(InputError) as error:
        load(photographs, settings, streamed=True)
    assert [problem.partition(" (")[0] for problem in error.value.problems] == [
        f"{photographs}/train/cat/0.jpg cannot be read as an image",
        f"{photographs}/test/dog/deep.png has more than 8 bits a channel",
    ]


@pytest.mark.parametrize("codec", [True, False])
def test_a_truncated_file_is_named_when_it_is_decoded(photographs, settings, monkeypatch, codec):
    if not codec:
        monkeypatch.setattr(streamed, "decode_jpeg", None)
    file = photographs / "test/cat/0.jpg"
    file.write_bytes(file.read_bytes()[:-200])
    images = load(photographs, settings).transformed(TRANSFORM)
    with pytest.raises(InputError, match=r"test/cat/0\.jpg cannot be read as an image .*truncated"):
        _ = images.test.images[:2]


def test_test_images_that_are_training_images_are_told(photographs, settings, caplog, tmp_path):
    shutil.copy(photographs / "train/cat/0.jpg", photographs / "test/cat/0.jpg")
    with caplog.at_level(logging.WARNING):
        images = load(photographs, settings)
    assert "1 of 5 test images are training images too" in caplog.text
    assert images.title == "photographs (folder of images)"
    link = tmp_path / "linked"
    link.mkdir()
    for part in ("train", "test"):
        (link / part).symlink_to(photographs / "train")
    assert load(link, settings).title == "linked (folder of images), mechanics only: test = train"


def test_the_moments_of_a_part_stand_for_those_of_all(photographs, settings, monkeypatch):
    monkeypatch.setattr(_streaming, "MEASURED", 3)
    images = load(photographs, settings)
    chosen = [images.train.images.raw(number).numpy().reshape(3, -1) for number in (0, 4, len(images.train.images) - 1)]
    assert images.mean == pytest.approx((np.concatenate(chosen, 1) / 255).mean(1))
    assert images.std == pytest.approx((np.concatenate(chosen, 1) / 255).std(1))


def test_a_folder_that_was_read_at_once_is_not_streamed_later(settings, tmp_path):
    square = tree(tmp_path / "square", COUNTS, size=(20, 20))
    load(square, settings, streamed=True)
    assert not _streaming.is_streamed(Folder(str(square)), None, settings["cache"])


def test_the_report_has_small_pictures_of_test_images(photographs, settings):
    images = load(photographs, settings)
    kept = bench.data.kept_test_images(images.content, settings["cache"])
    assert kept.shape == (5, 3, 64, 64)
    wide = streamed.resized(streamed.decode(photographs / "test/dog/0.jpg", 3, plain=True), 64, "bilinear")
    middle = v2.functional.center_crop(wide, [64, 64]).numpy().astype(int)
    assert np.abs(kept[3].astype(int) - middle).mean() < 6
    np.testing.assert_array_equal(kept[np.array([3, 4])][0], kept[3])
    assert kept[[]].shape == (0, 3, 64, 64)
    whole, file = kept.whole(3, 40), Image.open(photographs / "test/dog/0.jpg")
    assert max(whole.shape[1:]) == 40
    assert whole.shape[1] / whole.shape[2] == pytest.approx(file.height / file.width, rel=0.05)
    assert kept.whole(3, 10_000).shape == (3, file.height, file.width)
    (photographs / "test/dog/0.jpg").unlink()
    assert not kept[3].any() and kept.whole(3, 40) is None
    shutil.rmtree(photographs)
    assert bench.data.kept_test_images(images.content, settings["cache"]) is None
