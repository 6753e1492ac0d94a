"""Images from the world, from the archives in the folder that `BENCH_DATA` names."""

from __future__ import annotations

import os
import tarfile
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch

import bench.data
from bench.data import streamed
from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError

PER_CLASS = 30


@pytest.fixture(scope="module")
def archives():
    if not os.environ.get("BENCH_DATA"):
        pytest.skip("BENCH_DATA names no folder of real images")
    return Path(os.environ["BENCH_DATA"])


def extract(archive, folder, most):
    """The first `most` images of each class."""
    seen = Counter()
    with tarfile.open(archive) as tar:
        for member in tar:
            seen[str(PurePosixPath(member.name).parent)] += member.isfile()
            if member.isfile() and seen[str(PurePosixPath(member.name).parent)] <= most:
                tar.extract(member, folder, filter="data")


@pytest.fixture(scope="module")
def photographs(archives, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cifar10")
    extract(archives / "cifar10-jpeg.tar.gz", folder, PER_CLASS)
    return folder / "cifar10-jpeg"


def test_cifar10_as_a_folder(photographs, settings):
    images = bench.data.load(f"folder:{photographs}", **{**settings, "validation": 0.1, "probe": 100})
    assert images.classes == (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    )  # fmt: skip
    assert images.train.images.shape == (270, 3, 32, 32)
    assert images.validation.images.shape == (30, 3, 32, 32)
    assert images.test.images.shape == (300, 3, 32, 32)
    assert np.bincount(images.test.labels[images.probe]).tolist() == [10] * 10
    published = (0.4914, 0.4822, 0.4465)
    assert images.mean == pytest.approx(published, abs=0.05)
    assert images.std == pytest.approx((0.247, 0.243, 0.262), abs=0.03)


@pytest.fixture(scope="module")
def thousand(archives, tmp_path_factory):
    """A thousand images of ImageNet, one a class, as training and as validation images by links."""
    folder = tmp_path_factory.mktemp("imagenet")
    with tarfile.open(archives / "imagenet-sample.tar.gz") as tar:
        tar.extractall(folder, filter="data")
    (folder / "imagenet-sample/train").symlink_to("val")
    return folder / "imagenet-sample"


def test_photographs_of_many_sizes_need_a_size(thousand, settings):
    images = bench.data.load(f"imagenet:{thousand}", **{**settings, "validation": 0.1, "probe": 100})
    with pytest.raises(InputError, match=r"images of 256 to \d+×256 to \d+ pixels become squares of one size by"):
        _ = images.size


def test_a_thousand_photographs(thousand, settings):
    images = bench.data.load(f"imagenet:{thousand}", **{**settings, "validation": 0.1, "probe": 100})
    assert images.title == "ImageNet, mechanics only: test = train"
    assert (len(images.classes), len(images.train.labels), len(images.validation.labels)) == (1000, 900, 100)
    assert images.test.labels.tolist() == list(range(1000))
    seen = images.transformed(ValidationTransform(256, 224))
    assert seen.test.images.shape == (1000, 3, 224, 224)
    pixels = seen.test.images[::20] / 255
    assert pixels.mean((0, 2, 3)) == pytest.approx(images.mean, abs=0.04)  # published for the whole set
    assert pixels.std((0, 2, 3)) == pytest.approx(images.std, abs=0.05)


def test_all_decoders_make_the_same_pixels_of_a_hundred_photographs(thousand, monkeypatch):
    pytest.importorskip("torchcodec")
    files = sorted((thousand / "val").rglob("*.JPEG"))[::10]
    theirs = [streamed.decode(file, 3, plain=True) for file in files]
    monkeypatch.setattr(streamed, "decode_jpeg", None)
    assert all(torch.equal(streamed.decode(file, 3, plain=True), image) for file, image in zip(files, theirs))
