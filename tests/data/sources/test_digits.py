from __future__ import annotations

import numpy as np
import pytest

from bench.data.sources.digits import Digits


@pytest.fixture(scope="module")
def raw():
    return Digits().read()


def test_shapes(raw):
    assert raw.train_images.shape == (1198, 1, 8, 8)
    assert raw.test_images.shape == (599, 1, 8, 8)
    assert raw.train_images.dtype == raw.test_images.dtype == np.uint8
    assert raw.train_labels.dtype == raw.test_labels.dtype == np.int64
    assert raw.classes == tuple("0123456789")


def test_every_image_is_there_once_and_unchanged(raw):
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.concatenate([raw.train_images, raw.test_images])[:, 0]
    labels = np.concatenate([raw.train_labels, raw.test_labels])
    ours = sorted((*np.rint(image.ravel() / 255 * 16), label) for image, label in zip(images, labels, strict=True))
    theirs = sorted((*image.ravel(), label) for image, label in zip(digits.images, digits.target, strict=True))
    assert ours == theirs


def test_all_of_the_scale_is_used(raw):
    assert (raw.train_images.min(), raw.train_images.max()) == (0, 255)


def test_a_third_of_each_class_is_for_testing(raw):
    train, test = np.bincount(raw.train_labels), np.bincount(raw.test_labels)
    assert np.all(np.abs(test - (train + test) / 3) <= 0.5)


def test_the_division_never_changes(raw):
    assert raw.fingerprint() == Digits().read().fingerprint() == "c5ede1657624a1d4"
