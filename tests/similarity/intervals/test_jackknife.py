from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.intervals.jackknife import effective_number, jackknife, leave_one_out, ratio


def row_products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dᵢ from U-centred Grams, by their definition."""
    return (u_centred(x @ x.T) * u_centred(y @ y.T)).sum(1)


def u_centred(gram: np.ndarray) -> np.ndarray:
    n = len(gram)
    hollow = gram - np.diag(np.diagonal(gram))
    rows = hollow.sum(1)
    centred = hollow - rows / (n - 2) - rows[:, None] / (n - 2) + rows.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(centred, 0.0)
    return centred


def test_leaving_one_out_is_starting_again_without_it(related):
    x, y = (side[:30] for side in related)
    values = leave_one_out(row_products(x, y), row_products(x, x), row_products(y, y))
    for i, value in enumerate(values):
        a, b = np.delete(x, i, 0), np.delete(y, i, 0)
        assert value == pytest.approx(
            ratio(row_products(a, b).sum(), row_products(a, a).sum(), row_products(b, b).sum()), rel=1e-9
        )


def test_the_standard_error_is_the_jackknifes(related):
    x, y = (side[:30] for side in related)
    products = row_products(x, y), row_products(x, x), row_products(y, y)
    z = np.arctanh(leave_one_out(*products))
    assert jackknife(*products).standard_error ** 2 == pytest.approx(29 / 30 * ((z - z.mean()) ** 2).sum())


def test_images_of_equal_influence_all_count():
    assert effective_number(np.array([1.0, -1.0, 1.0, -1.0])) == pytest.approx(4.0)
    assert effective_number(np.array([1e-200, 0.0, 0.0])) == pytest.approx(1.0)
    assert np.isnan(effective_number(np.zeros(3)))


def test_no_spread_is_undefined_and_rounding_is_1():
    assert np.isnan(ratio(np.array(1.0), np.array(0.0), np.array(1.0)))
    assert ratio(np.array(1.0 - 1e-15), np.array(1.0), np.array(1.0)) == 1.0
    assert ratio(np.array(-2.0), np.array(4.0), np.array(1.0)) == -1.0
