from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import InputError
from bench.similarity.layers import half_samples, pairwise
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


def exact_hsic(x: np.ndarray, y: np.ndarray) -> Fraction:
    """Equation 5 of Song et al. 2012 in rational arithmetic, without any rounding."""
    n = len(x)
    k, l = ([[_inner(a, b) * (i != j) for j, b in enumerate(s)] for i, a in enumerate(s)] for s in (x, y))  # noqa: E741
    rows_k, rows_l = [sum(row) for row in k], [sum(row) for row in l]
    products = sum(k[i][j] * l[i][j] for i in range(n) for j in range(n))
    totals = sum(rows_k) * sum(rows_l) / Fraction((n - 1) * (n - 2))
    return products + totals - Fraction(2, n - 2) * sum(a * b for a, b in zip(rows_k, rows_l))


def _inner(a: np.ndarray, b: np.ndarray) -> Fraction:
    return sum((Fraction(float(u)) * Fraction(float(v)) for u, v in zip(a, b) if u and v), Fraction(0))


def one_live_image(n: int) -> np.ndarray:
    x = np.zeros((n, 5))
    x[3] = [0.1, 0.7, 0.3, 1.9, 2.3]
    return x


NO_HSIC = [np.eye(64)[::-1], np.diag(np.linspace(0.1, 3.0, 24)), one_live_image(24)]


@pytest.mark.parametrize("x", NO_HSIC, ids=["one-hot", "orthogonal images", "one live image"])
@pytest.mark.parametrize("precision", [np.float16, np.float32, np.float64])
def test_is_undefined_where_exact_arithmetic_gives_zero_over_zero(x, precision, rng):
    x, y = x.astype(precision), rng.normal(size=(len(x), 3)).astype(precision)
    assert exact_hsic(x, x) == 0
    for pair in ((x, x[:, ::-1]), (x, y), (y, x)):
        with pytest.raises(InputError, match="or none that HSIC counts"):
            DebiasedCKA().estimate(*pair)
        layers = pairwise([pair[0]], [pair[1]])
        assert np.isnan(layers.value).all() and np.isnan(layers.low).all()
        assert np.isnan(half_samples([pair[0]], [pair[1]], replicates=8).value).all()


@pytest.mark.parametrize(("precision", "signal", "within"), [(np.float64, 1e-5, 1e-6), (np.float32, 5e-3, 1e-2)])
def test_a_small_signal_under_a_one_hot_code_is_no_rounding(precision, signal, within, rng):
    """HSIC(x, x) is a share signal⁴ of what is subtracted."""
    common = signal * rng.normal(size=(2, 24, 3))
    x, y = (np.hstack([np.eye(24), common[0] + 0.5 * own]).astype(precision) for own in (0 * common[0], common[1]))
    exact = float(exact_hsic(x, y)) / np.sqrt(float(exact_hsic(x, x)) * float(exact_hsic(y, y)))
    assert DebiasedCKA().estimate(x, y).value == pytest.approx(exact, abs=within)
    assert pairwise([x], [y]).value[0, 0] == pytest.approx(exact, abs=within)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_a_value_that_one_image_carries_has_no_interval(precision, rng):
    """Without either of the two images that are alive, the other is the only one, and CKA is 0/0."""
    x = np.zeros((24, 5))
    x[3], x[9] = [0.1, 0.7, 0.3, 1.9, 2.3], [0.4, 0.2, 0.0, 1.1, 0.3]
    x, y = x.astype(precision), rng.normal(size=(24, 3)).astype(precision)
    assert exact_hsic(x, x) > 0 == exact_hsic(np.delete(x, 3, 0), np.delete(x, 3, 0))
    layers = pairwise([x], [y])
    assert (
        np.isfinite(layers.value).all() and np.isnan(layers.low).all() and np.isnan(layers.influence[0, [3, 9]]).all()
    )
    assert "One image carries the whole value" in layers.estimate(0, 0).warning
    assert np.isfinite(pairwise([x + rng.normal(size=x.shape).astype(precision)], [y]).low).all()


def test_the_rounding_of_a_constant_layer_is_no_spread(rng):
    """A dead layer whose bias comes out of float32 with other last digits for every image."""
    y = rng.normal(size=(24, 3))
    nearly = (0.3 * (1 + 1e-7 * rng.normal(size=(24, 40)))).astype(np.float32)
    with pytest.raises(InputError, match="no spread"):
        DebiasedCKA()(nearly, y)
    assert np.isfinite(DebiasedCKA()(nearly.astype(np.float64), y))  # in float64 a difference of 1e-7 is one
