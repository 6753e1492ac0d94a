"""Intervals from subsamples: the right variance, and coverage where the textbook bootstrap has none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.similarity.algebra.basis import between_on_rows
from bench.similarity.intervals import half_samples
from bench.similarity.measures.cka import CKA
from bench.similarity.measures.eigenspace_overlap import EigenspaceOverlap
from bench.similarity.measures.knn_jaccard import KNNJaccard
from bench.similarity.measures.mean_cca import MeanCCA
from bench.similarity.measures.procrustes import Procrustes
from bench.similarity.measures.pwcca import PWCCA
from bench.similarity.measures.rsa import RSA
from bench.similarity.measures.svcca import SVCCA


@pytest.mark.parametrize("kept", [10, 20, 35])
def test_the_standard_error_of_a_mean_is_the_textbooks(rng, kept):
    values = rng.normal(size=40)
    subsets = half_samples.draw(40, kept, 4000, seed=1)
    found = half_samples.standard_error(values[subsets].mean(1), 40, kept)
    assert found == pytest.approx(values.std(ddof=1) / np.sqrt(40), rel=0.05)


def test_all_halves_give_the_mean_exactly(rng):
    values = rng.normal(size=8)
    subsets = half_samples.draw(8, 4, 1000, seed=0)
    assert len(subsets) == 70
    found = half_samples.standard_error(values[subsets].mean(1), 8, 4)
    assert found == pytest.approx(values.std(ddof=1) / np.sqrt(8))


def test_quantile_is_students():
    assert half_samples.quantile(0.95, 50) == pytest.approx(stats.t.ppf(0.975, 49))


@pytest.mark.parametrize("measure", [CKA(), KNNJaccard(), MeanCCA(), Procrustes(), PWCCA(), RSA(), SVCCA()])
def test_a_subsample_is_the_measure_on_its_rows(measure, related):
    x, y = related
    rows = np.sort(np.random.default_rng(0).permutation(80)[:40])
    assert measure.compute_on_rows(x, y)(rows) == pytest.approx(measure(x[rows], y[rows]), rel=1e-9)


def test_a_subsample_that_loses_a_unit_is_decomposed_from_scratch(related):
    x, y = related
    rare = np.hstack([x, np.eye(80, 1)])
    rows = np.arange(1, 80, 2)
    for measure in (MeanCCA(), EigenspaceOverlap()):
        assert measure.compute_on_rows(rare, y)(rows) == pytest.approx(measure(rare[rows], y[rows]), rel=1e-9)
    assert np.isnan(between_on_rows(np.ones((8, 2)), y[:8], lambda between: 1.0)(np.arange(8)))


def test_too_few_images_for_a_subsample_have_a_value_and_no_interval(rng):
    found = MeanCCA().estimate(rng.normal(size=(6, 4)), rng.normal(size=(6, 4)))
    assert np.isfinite(found.value) and np.isnan(found.low) and "too few for an interval" in found.warning


@pytest.mark.sampled
@pytest.mark.parametrize("measure", [CKA(), MeanCCA(), Procrustes()])
def test_intervals_cover_the_expectation_at_this_n(measure, rng):
    def pair() -> tuple[np.ndarray, np.ndarray]:
        z, e = rng.normal(size=(2, 60, 5)) / np.sqrt(np.arange(1, 6))
        return z, 0.8 * z + 0.6 * e

    truth = np.mean([measure(*pair()) for _ in range(400)])
    found = [measure.estimate(*pair(), replicates=40) for _ in range(100)]
    assert np.mean([one.low <= truth <= one.high for one in found]) > 0.88
    assert np.mean([one.high - one.low for one in found]) < 0.5


def images(rng, outliers: int):
    """Two layers that share half of their variance; the first images are thirty times as large."""
    common = rng.normal(size=(200, 16)) / np.sqrt(np.arange(1, 17))
    sides = [common + rng.normal(size=(200, 16)) / np.sqrt(np.arange(1, 17)) for _ in range(2)]
    for side in sides:
        side[:outliers] *= 30
    return sides


@pytest.mark.parametrize("measure", [CKA(), Procrustes(), PWCCA()], ids=lambda each: each.title)
@pytest.mark.parametrize("outliers", [1, 3])
def test_a_handful_of_far_images_that_decide_the_value_is_warned_of(rng, measure, outliers):
    found = measure.estimate(*images(rng, outliers))
    assert found.warning.startswith("A handful of images carries the value (effective number ")


@pytest.mark.parametrize("measure", [CKA(), Procrustes(), PWCCA()], ids=lambda each: each.title)
def test_ordinary_images_are_not_warned_of(rng, measure):
    assert measure.estimate(*images(rng, 0)).warning == ""


def test_a_measure_that_far_images_do_not_move_is_not_warned_of(rng):
    assert KNNJaccard().estimate(*images(rng, 1)).warning == ""


def test_what_does_not_vary_is_not_warned_of(rng):
    side = images(rng, 1)[0]
    subsets = half_samples.draw(200, 100, 20, seed=0)
    assert half_samples.handful((side, side), subsets, np.ones(20)) == ""
    assert half_samples.handful((side, side), subsets, np.full(20, np.nan)) == ""
    assert half_samples.handful((np.ones((200, 3)), np.ones((200, 3))), subsets, np.arange(20.0)) == ""
