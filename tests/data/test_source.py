from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.data.source import RawImages


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
