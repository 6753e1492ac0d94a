from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import InputError
from bench.similarity.measures.debiased_cka import DebiasedCKA


def song_hsic(x: np.ndarray, y: np.ndarray) -> float:
    """Equation 5 of Song et al. 2012, term by term."""
    n, k, l = len(x), x @ x.T, y @ y.T  # noqa: E741
    np.fill_diagonal(k, 0.0)
    np.fill_diagonal(l, 0.0)
    inner = np.trace(k @ l) + k.sum() * l.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (k @ l).sum()
    return float(inner / (n * (n - 3)))


def textbook(x: np.ndarray, y: np.ndarray) -> float:
    return song_hsic(x, y) / np.sqrt(song_hsic(x, x) * song_hsic(y, y))


def test_is_the_textbook_formula(related):
    x, y = related
    assert DebiasedCKA()(x, y) == pytest.approx(textbook(x, y), rel=1e-10)


def test_four_images_by_hand(rng):
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    assert DebiasedCKA()(x, y) == pytest.approx(textbook(x, y), rel=1e-10)


def test_a_representation_is_itself(related):
    found = DebiasedCKA().estimate(related[0], related[0])
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_independent_wide_layers_give_zero_on_average(rng):
    values = [DebiasedCKA()(rng.normal(size=(30, 200)), rng.normal(size=(30, 200))) for _ in range(60)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(60)
    assert min(values) < 0.0


def test_jackknife_is_brute_force_leave_one_out(related):
    x, y = related
    n = len(x)
    left_out = np.array([np.arctanh(textbook(np.delete(x, i, 0), np.delete(y, i, 0))) for i in range(n)])
    psi = (n - 1) * (left_out.mean() - left_out)
    found = DebiasedCKA().estimate(x, y)
    assert found.standard_error == pytest.approx(np.sqrt((psi**2).sum() / (n * (n - 1))), rel=1e-10)
    assert found.df == pytest.approx((psi**2).sum() ** 2 / (psi**4).sum(), rel=1e-9)
    assert found.low < found.value < found.high


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
def test_invariances(seed: int, scale: float, shift: float):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(12, 4)), rng.normal(size=(12, 3))
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert DebiasedCKA()(scale * x @ rotation + shift * scale, y) == pytest.approx(DebiasedCKA()(x, y), abs=1e-7)
    assert DebiasedCKA()(y, x) == pytest.approx(DebiasedCKA()(x, y), abs=1e-12)


def test_a_large_mean_in_float32_changes_nothing(related):
    x, y = related
    shifted = [(side + 100.0).astype(np.float32) for side in related]
    assert DebiasedCKA()(*shifted) == pytest.approx(DebiasedCKA()(x, y), abs=1e-4)


def test_dead_units_change_nothing(related):
    x, y = related
    dead = np.hstack([x, np.full((len(x), 3), 0.1)])
    assert DebiasedCKA()(dead, y) == pytest.approx(DebiasedCKA()(x, y), rel=1e-12)


def test_two_images_that_carry_the_value_are_warned_of(rng):
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 3))
    x[:2] += 500.0
    y[:2] += 500.0
    assert "handful of images" in DebiasedCKA().estimate(x, y).warning


def test_a_constant_layer_is_refused(related):
    with pytest.raises(InputError, match="no spread"):
        DebiasedCKA().estimate(related[0], np.full((80, 4), 0.3))


def test_four_images_have_a_value_and_no_interval(rng):
    found = DebiasedCKA().estimate(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))
    assert np.isfinite(found.value) and np.isnan(found.low) and "too few" in found.warning
