from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data import split
from bench.errors import InputError

SEEDS = st.integers(0, 2**32)
SHARES = st.floats(0.01, 0.99)


@st.composite
def labelled(draw, least=2):
    counts = draw(st.lists(st.integers(least, 30), min_size=2, max_size=6))
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(draw(SEEDS)).permutation(labels), [f"class {label}" for label in range(len(counts))]


def test_a_tenth_of_each_class_is_held_out():
    labels = np.repeat([0, 1], [50, 20])
    chosen = split.hold_out(labels, 0.1, 0, "ab")
    assert chosen.dtype == np.int64
    assert np.bincount(labels[chosen]).tolist() == [5, 2]


def test_a_draw_is_the_same_in_every_version():
    assert split.hold_out(np.repeat([0, 1], 5), 0.4, 0, "ab").tolist() == [2, 4, 6, 9]
    assert split.probe(np.repeat([0, 1], 5), 4, 0).tolist() == [2, 4, 6, 9]


@given(labelled(), SHARES, SEEDS)
def test_held_out_images_keep_the_classes_shares(images, share, seed):
    labels, classes = images
    chosen = split.hold_out(labels, share, seed, classes)
    counts, held = np.bincount(labels), np.bincount(labels[chosen], minlength=len(classes))
    assert np.all((held >= 1) & (held < counts))
    assert np.all(np.abs(held - share * counts) <= 1)
    assert np.all(np.diff(chosen) > 0)


@given(labelled(least=1), st.data(), SEEDS)
def test_a_probe_set_keeps_the_classes_shares(images, data, seed):
    labels, _ = images
    count = data.draw(st.integers(1, len(labels)))
    chosen = split.probe(labels, count, seed)
    quota = np.bincount(labels) * count / len(labels)
    assert len(chosen) == count
    assert np.all(np.diff(chosen) > 0)
    assert np.all(np.abs(np.bincount(labels[chosen], minlength=len(quota)) - quota) < 1)


@given(labelled(), SHARES, SEEDS)
def test_the_seed_alone_decides(images, share, seed):
    labels, classes = images
    first, second = (split.hold_out(labels, share, seed, classes) for _ in range(2))
    assert np.array_equal(first, second)


def test_another_seed_draws_others():
    labels = np.repeat([0, 1], 100)
    assert not np.array_equal(split.hold_out(labels, 0.2, 0, "ab"), split.hold_out(labels, 0.2, 1, "ab"))
    assert not np.array_equal(split.probe(labels, 20, 0), split.probe(labels, 20, 1))


def test_classes_are_drawn_independently():
    labels = np.tile([0, 1], 100)
    chosen = split.hold_out(labels, 0.2, 0, "ab")
    assert not np.array_equal(chosen[labels[chosen] == 0] // 2, chosen[labels[chosen] == 1] // 2)


def test_a_class_of_one_image_cannot_be_divided():
    with pytest.raises(InputError, match=r"class 'b' has 1, 'c' has 0, every class needs at least 2"):
        split.hold_out(np.array([0, 0, 1]), 0.5, 0, "abc")


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(InputError, match="above 0 and below 1, given"):
        split.hold_out(np.array([0, 0, 1, 1]), share, 0, "ab")


@pytest.mark.parametrize("count", [0, 5])
def test_a_probe_set_larger_than_the_test_set_is_refused(count):
    with pytest.raises(InputError, match=f"probe set of {count} images cannot be drawn from 4 test images"):
        split.probe(np.array([0, 0, 1, 1]), count, 0)
