"""Directions that are rounding alone are none, in the precision that activations came in."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.similarity.algebra.basis import basis, between_on_rows, rounding_of
from bench.similarity.layers import subspaces
from bench.similarity.measures.eigenspace_overlap import EigenspaceOverlap
from bench.similarity.measures.gulp import GULP
from bench.similarity.measures.linear_regression_fit import LinearRegressionFit
from bench.similarity.measures.mean_cca import MeanCCA
from bench.similarity.measures.pwcca import PWCCA

PRECISIONS = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-9}


def two_copies(precision: str, images: int = 400, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Two sides of 32 units that are different mixtures of the same 16 numbers an image."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(images, 16)) * np.geomspace(1, spread, 16)
    first, second = (shared @ rng.normal(size=(16, 32)) + rng.normal(size=32) for _ in range(2))
    return first.astype(precision), second.astype(precision)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_mixtures_of_the_same_numbers_are_the_same(precision: str):
    x, y = two_copies(precision)
    near = PRECISIONS[precision]
    assert MeanCCA()(x, y) == pytest.approx(1, abs=near)
    assert PWCCA()(x, y) == pytest.approx(1, abs=near)
    assert LinearRegressionFit()(x, y) == pytest.approx(1, abs=near)
    assert GULP()(x, y) == pytest.approx(0, abs=200 * near)
    assert EigenspaceOverlap()(x, y) == pytest.approx(17 / 32, abs=near)  # it does not centre


@pytest.mark.parametrize("precision", PRECISIONS)
def test_so_they_are_for_all_layers_at_once(precision: str):
    x, y = two_copies(precision)
    found = subspaces([x, x[:, :8]], [y])
    near = PRECISIONS[precision]
    assert found.mean_cca[:, 0] == pytest.approx([1, 1], abs=near)
    assert found.pwcca[:, 0] == pytest.approx([1, 1], abs=near)
    assert found.mean_cca[0, 0] == pytest.approx(MeanCCA()(x, y), abs=1e-12)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_so_they_are_where_widths_differ(precision: str):
    x, y = (side.astype(precision) for side in two_copies("float64"))
    mixed = (x.astype(float) @ np.random.default_rng(2).normal(size=(32, 48))).astype(precision)
    near = PRECISIONS[precision]
    for first, second in ((mixed, y), (y, mixed)):
        assert MeanCCA()(first, second) == pytest.approx(1, abs=near)
        assert PWCCA()(first, second) == pytest.approx(1, abs=near)
        assert GULP()(first, second) == pytest.approx(0, abs=200 * near)
        assert EigenspaceOverlap()(first, second) == pytest.approx(17 / 48, abs=near)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_half_samples_have_the_same_rank(precision: str):
    found = MeanCCA().estimate(*two_copies(precision))
    assert found.low == pytest.approx(1, abs=2 * PRECISIONS[precision])


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_small_directions_that_are_more_than_rounding_count(precision: str):
    x, y = two_copies(precision, spread=1e-3)
    assert len(basis(x - x.mean(0, dtype=float), rounding_of(x)).s) == 16
    assert MeanCCA()(x, y) == pytest.approx(1, abs=1e-2)


def test_a_networks_arithmetic_is_no_direction():
    """16 channels between two convolutions; normalisation takes off a mean five times the spread."""
    torch.manual_seed(0)
    images = torch.rand(300, 64, 8, 8) + 1.0
    narrow = torch.nn.Sequential(torch.nn.Conv2d(64, 16, 3, bias=False), torch.nn.Conv2d(16, 64, 1, bias=False))
    with torch.no_grad():
        maps = narrow(images)
        x = ((maps - maps.mean((0, 2, 3), keepdim=True)) / maps.std((0, 2, 3), keepdim=True)).mean((2, 3)).numpy()
    assert x.dtype == np.float32
    assert len(basis(x - x.mean(0, dtype=float), rounding_of(x)).s) == 16


def test_half_precision_keeps_what_it_can_tell():
    x = np.random.default_rng(3).normal(size=(2000, 24)) * np.geomspace(1, 0.05, 24)
    half = x.astype(np.float16)
    assert len(basis(half - half.mean(0, dtype=float), rounding_of(half)).s) == 24


def test_full_rank_does_not_depend_on_the_precision():
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(300, width)).astype(np.float32) for width in (24, 40))
    for measure in (MeanCCA(), PWCCA(), GULP(), EigenspaceOverlap()):
        assert measure(x, y) == measure(x.astype(np.float64), y.astype(np.float64))


def test_a_large_mean_takes_directions_with_it():
    """At 10⁵ a float32 is a multiple of 1/128: what is smaller is gone."""
    x, _ = two_copies("float64", spread=1.0)
    far = (1e-4 * x + 1e5).astype(np.float32)
    assert len(basis(far - far.mean(0, dtype=float), rounding_of(far)).s) == 0


@pytest.mark.parametrize("left_out", [1, 13, 150])
@pytest.mark.parametrize("centre", [True, False])
def test_leaving_images_out_is_decomposing_the_rest(left_out: int, centre: bool):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 12)) + 3.0
    y = x[:, :9] + rng.normal(size=(200, 9))
    rows = np.sort(rng.permutation(200)[left_out:])

    def found(between):
        return np.linalg.norm(between.m), np.linalg.norm(between.x), np.linalg.norm(between.m.T @ between.x)

    expected = between_on_rows(x[rows], y[rows], found, centre=centre)(np.arange(len(rows)))
    assert between_on_rows(x, y, found, centre=centre)(rows) == pytest.approx(expected, rel=1e-10)
