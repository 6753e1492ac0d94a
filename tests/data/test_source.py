from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench import registry
from bench.data._source import RawImages, find
from bench.errors import InputError


@pytest.fixture
def raw():
    images = np.arange(48, dtype=np.uint8)
    return RawImages(
        images[:32].reshape(8, 1, 2, 2),
        np.repeat([0, 1], 4),
        images[32:].reshape(4, 1, 2, 2),
        np.repeat([0, 1], 2),
        ("a", "b"),
    )


def test_the_same_images_have_the_same_fingerprint(raw):
    copy = replace(raw, train_images=np.asfortranarray(raw.train_images), test_labels=raw.test_labels.astype(">i8"))
    assert raw.fingerprint() == copy.fingerprint() == "e3c8f359072021f4"


@pytest.mark.parametrize("name", ["train_images", "train_labels", "test_images", "test_labels"])
def test_one_other_number_changes_the_fingerprint(raw, name):
    changed = getattr(raw, name).copy()
    changed.flat[-1] ^= 1
    assert replace(raw, **{name: changed}).fingerprint() != raw.fingerprint()


def test_another_shape_or_class_name_changes_the_fingerprint(raw):
    flat = replace(raw, train_images=raw.train_images.reshape(8, 4, 1, 1))
    renamed = replace(raw, classes=("a", "c"))
    assert len({raw.fingerprint(), flat.fingerprint(), renamed.fingerprint()}) == 3


def test_every_file_is_a_source_that_says_what_it_is():
    sources = registry.names("bench.data")
    assert sources == ("cifar10", "cifar100", "digits", "folder", "mnist")
    for name in sources:
        source = find(f"{name}:x" if name == "folder" else name)
        assert source.name and source.title
        assert registry.summary("bench.data", name)


def test_an_unknown_source():
    expected = "unknown data source 'cifar11': did you mean 'cifar10'? Allowed: cifar10, cifar100, digits, folder:PATH"
    with pytest.raises(InputError, match=expected.replace("?", r"\?")):
        find("cifar11")


@pytest.mark.parametrize("private", ["_cache", "", ":", "../zoo"])
def test_helpers_are_no_sources(private):
    with pytest.raises(InputError, match="unknown data source"):
        find(private)


@pytest.mark.parametrize(
    ("given", "form"),
    [("folder", "folder:PATH"), ("folder:", "folder:PATH"), ("digits:8", "digits"), ("mnist:", "mnist")],
)
def test_a_source_with_too_little_or_too_much(given, form):
    with pytest.raises(InputError, match=f"data source '{given}': write it as '{form}'"):
        find(given)


def test_a_path_may_hold_colons():
    assert find("folder:C:/images").argument == "C:/images"
