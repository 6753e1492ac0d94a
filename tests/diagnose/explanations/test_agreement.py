import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from bench.diagnose.explanations.agreement import spearman, top_overlap

maps = arrays(np.float64, (4, 20), elements=st.integers(-5, 5).map(float))


@given(maps, maps)
def test_spearman_is_scipys(first, second):
    found = spearman(first, second)
    for row, (a, b) in enumerate(zip(first, second)):
        if len(set(a)) == 1 or len(set(b)) == 1:
            assert np.isnan(found[row])
        else:
            assert found[row] == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


def test_signs_count():
    row = np.random.default_rng(0).normal(size=(1, 50))
    assert spearman(row, -row) == -1
    assert spearman(row, np.abs(row)) < 0.5


def test_overlap_of_known_tops():
    first, second = np.arange(20.0)[None], np.arange(20.0)[None].copy()
    second[0, 19] = -1
    assert top_overlap(first, first) == 1.0
    assert top_overlap(first, second) == 0.5
    assert top_overlap(first, -first) == 0.0


def test_overlap_of_unrelated_maps_is_chance():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 3000, 100))
    assert top_overlap(first, second).mean() == pytest.approx(0.1, abs=0.006)


@pytest.mark.parametrize("measure", [spearman, top_overlap])
def test_maps_without_contrast_or_number_have_no_agreement(measure):
    good = np.arange(12.0).reshape(1, 12)
    for bad in (np.zeros((1, 12)), np.full((1, 12), np.nan), np.where(good > 5, np.inf, good)):
        assert np.isnan(measure(good, bad)).all()
        assert np.isnan(measure(bad, good)).all()
