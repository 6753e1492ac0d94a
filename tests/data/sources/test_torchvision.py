"""torchvision's data sets, without a network: small files in the real formats, or its class replaced."""

from __future__ import annotations

import hashlib
import pickle
import re
import socket
import struct
import tarfile
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
from torchvision import datasets

import bench.data
from bench.data import download
from bench.data.sources.cifar10 import Cifar10
from bench.data.sources.cifar100 import Cifar100
from bench.data.sources.mnist import Mnist
from bench.errors import InputError


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("INNARDS_DATA", str(tmp_path / "sets"))
    return tmp_path / "sets"


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr(datasets.utils, "_get_redirect_url", lambda url, **_: url)
    monkeypatch.setattr(datasets.utils, "_urlretrieve", refuse)


def colour(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture(params=["CIFAR10", "CIFAR100"])
def cifar(request, monkeypatch):
    """torchvision's own class on tiny batches in CIFAR's format, with checksums to match."""
    real = getattr(datasets, request.param)
    key = "labels" if request.param == "CIFAR10" else "fine_labels"
    batches = {"train_a": (colour(4, 0), [0, 1, 0, 1]), "train_b": (colour(4, 1), [1, 1, 0, 0])}
    batches["test"] = (colour(4, 2), [0, 1, 1, 0])
    files = {
        name: pickle.dumps({"data": images.reshape(-1, 3072), key: labels})
        for name, (images, labels) in batches.items()
    }
    files["meta"] = pickle.dumps({real.meta["key"]: ["ant", "bee"]})
    tiny = type(
        "Tiny",
        (real,),
        {
            "train_list": [[name, md5(files[name])] for name in ("train_a", "train_b")],
            "test_list": [["test", md5(files["test"])]],
            "meta": {"filename": "meta", "key": real.meta["key"], "md5": md5(files["meta"])},
        },
    )
    monkeypatch.setattr(datasets, request.param, tiny)
    source = {"CIFAR10": Cifar10, "CIFAR100": Cifar100}[request.param]()
    return SimpleNamespace(source=source, dataset=tiny, files=files, batches=batches)


def unpack(cifar, root):
    folder = root / cifar.source.folder
    folder.mkdir(parents=True)
    for name, data in cifar.files.items():
        (folder / name).write_bytes(data)
    return folder


def pack(cifar, folder, root, monkeypatch):
    root.mkdir(exist_ok=True)
    archive = root / cifar.dataset.filename
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, cifar.source.folder)
    monkeypatch.setattr(cifar.dataset, "tgz_md5", md5(archive.read_bytes()))


def test_cifar_as_it_was_written(cifar, root):
    unpack(cifar, root)
    raw = cifar.source.read()
    assert raw.classes == ("ant", "bee")
    assert np.array_equal(raw.train_images, np.concatenate([cifar.batches[name][0] for name in ("train_a", "train_b")]))
    assert raw.train_images.dtype == np.uint8
    assert raw.train_images.flags.c_contiguous
    assert raw.train_labels.tolist() == [0, 1, 0, 1, 1, 1, 0, 0]
    assert raw.train_labels.dtype == np.int64
    assert np.array_equal(raw.test_images, cifar.batches["test"][0])
    assert raw.test_labels.tolist() == [0, 1, 1, 0]


def test_an_archive_put_there_by_hand_is_unpacked(cifar, root, tmp_path, monkeypatch):
    pack(cifar, unpack(cifar, tmp_path / "elsewhere"), root, monkeypatch)
    assert len(cifar.source.stamp()[1]) == 4
    assert len(cifar.source.read().train_images) == 8


def test_damaged_files_are_unpacked_again_where_the_archive_is_there(cifar, root, monkeypatch):
    folder = unpack(cifar, root)
    pack(cifar, folder, root, monkeypatch)
    (folder / "train_a").write_bytes(b"junk")
    assert len(cifar.source.read().train_images) == 8


def test_cifar_that_is_not_there_without_a_network(cifar, root):
    expected = (
        f"{cifar.source.title}: {root / cifar.source.folder} is not there and cannot be downloaded "
        f"(URLError: <urlopen error no network>); download {cifar.source.urls[0]} by hand into {root}, "
        f"then run again; INNARDS_DATA names another root folder than {root}"
    )
    with pytest.raises(InputError, match=re.escape(expected)):
        cifar.source.stamp()


def test_damaged_cifar_without_a_network(cifar, root):
    folder = unpack(cifar, root)
    (folder / "train_b").write_bytes(b"junk")
    with pytest.raises(InputError, match=re.escape(f"the files in {root} are damaged or incomplete (URLError")):
        cifar.source.read()


def test_a_damaged_archive_without_a_network(cifar, root):
    root.mkdir()
    (root / cifar.dataset.filename).write_bytes(b"half of it")
    with pytest.raises(InputError, match=re.escape(f"the files in {root} are damaged or incomplete (URLError")):
        cifar.source.stamp()


def test_a_download_is_used(cifar, root, tmp_path, monkeypatch):
    pack(cifar, unpack(cifar, tmp_path / "elsewhere"), tmp_path, monkeypatch)
    downloaded = []

    def download(url, file):
        downloaded.append(url)
        (tmp_path / cifar.dataset.filename).rename(file)

    monkeypatch.setattr(datasets.utils, "_urlretrieve", download)
    cifar.source.stamp()
    assert len(cifar.source.read().train_images) == 8
    assert downloaded == list(cifar.source.urls)


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def mnist(root):
    """Tiny files in MNIST's format."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    labels = np.tile(np.arange(10, dtype=np.uint8), 3)
    for part, where in (("train", slice(20)), ("t10k", slice(20, None))):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images[where]))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels[where]))
    return SimpleNamespace(folder=folder, images=images, labels=labels)


def test_mnist_as_it_was_written(mnist):
    raw = Mnist().read()
    assert np.array_equal(raw.train_images, mnist.images[:20, np.newaxis])
    assert np.array_equal(raw.test_images, mnist.images[20:, np.newaxis])
    assert raw.train_labels.tolist() == mnist.labels[:20].tolist()
    assert len(raw.classes) == 10


def test_mnist_the_public_way(mnist, settings, monkeypatch):
    images = bench.data.load("mnist", **{**settings, "validation": 0.5})
    assert images.train.images.shape == (10, 1, 28, 28)
    monkeypatch.setattr(datasets, "MNIST", None)
    assert bench.data.fingerprint("mnist", **{**settings, "validation": 0.5}) == images.fingerprint


def test_changed_files_are_noticed(mnist):
    before = Mnist().stamp()
    (mnist.folder / "train-labels-idx1-ubyte").write_bytes(idx(mnist.labels[:20][::-1].copy()))
    assert Mnist().stamp() != before


def test_truncated_mnist(mnist):
    file = mnist.folder / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"MNIST: the files in .* are damaged or incomplete \(.*\); delete"):
        Mnist().read()


def test_mnist_with_fewer_labels_than_images(mnist):
    (mnist.folder / "train-labels-idx1-ubyte").write_bytes(idx(mnist.labels[:19]))
    with pytest.raises(InputError, match=re.escape("damaged or incomplete (ValueError: 20 images have 19 labels)")):
        Mnist().read()


def test_mnist_that_is_not_there_without_a_network(root):
    expected = f"-ubyte.gz by hand into {root / 'MNIST/raw'}, then run again"
    with pytest.raises(InputError, match=re.escape(expected)) as error:
        Mnist().stamp()
    assert "is not there and cannot be downloaded (RuntimeError: Error downloading train-images" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_root_is_data_below_the_current_folder(monkeypatch):
    monkeypatch.delenv("INNARDS_DATA", raising=False)
    assert str(Mnist().root) == "data"
    monkeypatch.setenv("INNARDS_DATA", "~/sets")
    assert "~" not in str(Mnist().root)


def test_the_addresses_are_torchvisions():
    assert Cifar10().urls == (datasets.CIFAR10.url,)
    assert Cifar100().urls == (datasets.CIFAR100.url,)
    assert [url.rpartition("/")[2] for url in Mnist().urls] == [name for name, _ in datasets.MNIST.resources]
    assert all(url.startswith(datasets.MNIST.mirrors[0]) for url in Mnist().urls)
    assert Cifar10.folder == datasets.CIFAR10.base_folder
    assert Cifar100.folder == datasets.CIFAR100.base_folder


@pytest.fixture
def patience():
    """A default of the process that must be the same afterwards, seconds."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(99)
    yield 99
    socket.setdefaulttimeout(before)


def test_a_network_that_does_not_answer_is_not_waited_for(root, monkeypatch, patience):
    waits = []

    def note(*_, **__):
        waits.append(socket.getdefaulttimeout())
        raise TimeoutError("timed out")

    monkeypatch.setattr(datasets.utils, "_urlretrieve", note)
    with pytest.raises(InputError, match="TimeoutError: timed out"):
        Cifar10().stamp()
    assert set(waits) == {download.PATIENCE}
    assert socket.getdefaulttimeout() == patience
