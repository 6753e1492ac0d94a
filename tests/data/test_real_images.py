"""Images from the world, from the archives in the folder that `BENCH_DATA` names."""

from __future__ import annotations

import os
import tarfile
from collections import Counter
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

import bench.data
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


def test_photographs_of_many_sizes_are_refused(archives, tmp_path, settings):
    with tarfile.open(archives / "imagenet-sample.tar.gz") as tar:
        files = [member for member in chain(tar) if member.isfile()][:2]
        for part in ("train", "test"):
            for number, member in enumerate(files):
                folder = tmp_path / part / f"class{number}"
                folder.mkdir(parents=True)
                (folder / "0.jpeg").write_bytes(tar.extractfile(member).read())
    with pytest.raises(InputError, match=r"only square images are accepted|images must have one size"):
        bench.data.load(f"folder:{tmp_path}", **settings)
