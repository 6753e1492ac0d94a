from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.errors import InputError
from bench.statistics.scaled import NO_OTHER, NO_UNIT, ONE_SEED, TOO_FEW, scaled
from bench.statistics.tests import t_of

FAR = np.array([0.20, 0.23, 0.18, 0.21, 0.19, 0.22])
NEAR = np.array([0.021, 0.018, 0.024, 0.02, 0.017, 0.022])


def test_a_known_answer_is_a_ratio_of_means():
    found = scaled(NEAR, None, FAR, None)
    assert found.ratio(0.1).value == pytest.approx(NEAR.mean() / FAR.mean())
    assert found.contrast(0.1).value == pytest.approx(NEAR.mean() - 0.1 * FAR.mean())


def test_without_a_unit_in_the_contrast_the_jackknife_is_the_t_test():
    found = scaled(NEAR, None, FAR, None).contrast(0.0)
    assert found.standard_error == pytest.approx(NEAR.std(ddof=1) / np.sqrt(6))
    assert t_of(found).p == pytest.approx(stats.ttest_1samp(NEAR, 0).pvalue)


def test_a_seed_is_left_out_with_both_of_its_pairs():
    without = np.array(
        [
            np.delete(NEAR, seed).mean() - 0.5 * FAR[[p for p in range(6) if seed not in (p, (p + 1) % 6)]].mean()
            for seed in range(6)
        ]
    )
    expected = np.sqrt(5 / 6 * ((without - without.mean()) ** 2).sum())
    assert scaled(NEAR, None, FAR, None).contrast(0.5).standard_error == pytest.approx(expected)


def test_images_add_the_variance_of_their_mean_influence_on_the_contrast():
    random = np.random.default_rng(0)
    psi, far_psi = random.normal(size=(2, 6, 50))
    both, alone = scaled(NEAR, psi, FAR, far_psi).contrast(0.1), scaled(NEAR, None, FAR, None).contrast(0.1)
    shared = psi.mean(axis=0) - 0.1 * far_psi.mean(axis=0)
    images = (shared**2).sum() / (50 * 49)
    assert both.standard_error**2 == pytest.approx(alone.standard_error**2 + images)
    assert both.df <= 2 * 5


@pytest.mark.parametrize("margin", [0.05, 0.1, 0.11, 0.3])
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_the_interval_holds_the_margin_exactly_if_the_test_does_not_reject(margin: float, confidence: float):
    random = np.random.default_rng(1)
    for _ in range(50):
        near, far = 0.02 + random.normal(0, 0.004, 6), 0.2 + random.normal(0, 0.02, 6)
        psi, far_psi = 0.03 * random.normal(size=(2, 6, 40))
        found = scaled(near, psi, far, far_psi)
        interval, p = found.ratio(margin, confidence), t_of(found.contrast(margin)).p
        assert (interval.low < margin < interval.high) == (p > 1 - confidence)


def test_the_ratio_does_not_depend_on_the_measures_unit():
    random = np.random.default_rng(2)
    psi, far_psi = 0.03 * random.normal(size=(2, 6, 40))
    one = scaled(NEAR, psi, FAR, far_psi)
    other = scaled(7 * NEAR, 7 * psi, 7 * FAR, 7 * far_psi)
    for first, second in zip((one.ratio(0.1).low, one.ratio(0.1).high), (other.ratio(0.1).low, other.ratio(0.1).high)):
        assert first == pytest.approx(second)
    assert t_of(one.contrast(0.1)).p == pytest.approx(t_of(other.contrast(0.1)).p)


def test_no_distance_at_all_is_0_without_an_error():
    found = scaled(np.zeros(6), np.zeros((6, 9)), FAR, np.full((6, 9), 0.01))
    interval = found.ratio(0.1)
    assert (interval.value, interval.low, interval.high) == (0.0, 0.0, 0.0)
    assert t_of(found.contrast(0.1), alternative="less").p < 0.001


def test_seeds_without_a_value_take_their_pairs_along():
    near = NEAR.copy()
    near[2] = np.nan
    found = scaled(near, None, FAR, None)
    assert found.seeds == 5
    assert found.unit == pytest.approx(FAR[[0, 3, 4, 5]].mean())


@pytest.mark.parametrize(
    ("near", "far", "why"),
    [
        ([0.1], [0.2], ONE_SEED),
        (NEAR, np.full(6, np.nan), NO_OTHER),
        ([0.1, 0.2], [0.2, 0.3], TOO_FEW),
        (NEAR, [0.3, -0.3, 0.2, -0.2, 0.1, 0.05], NO_UNIT),
    ],
)
def test_what_has_no_unit_has_no_interval_and_says_why(near, far, why: str):
    interval = scaled(near, None, far, None).ratio(0.1)
    assert np.isnan([interval.low, interval.high]).all()
    assert why in interval.warning


def test_a_unit_that_is_not_above_0_is_none():
    assert scaled(NEAR, None, FAR, None).beyond_zero()
    assert not scaled(NEAR, None, [0.3, -0.3, 0.2, -0.2, 0.1, 0.05], None).beyond_zero()
    assert not scaled(NEAR, None, np.zeros(6), None).beyond_zero()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="expected 6 distances"):
        scaled(NEAR, None, FAR[:5], None)
    with pytest.raises(InputError, match="influence of shape"):
        scaled(NEAR, np.zeros((5, 9)), FAR, None)
    with pytest.raises(InputError, match="of 9 and 8 images"):
        scaled(NEAR, np.zeros((6, 9)), FAR, np.zeros((6, 8)))


@pytest.mark.parametrize("seeds", [3, 6, 12])
def test_at_the_margin_either_word_is_false_in_at_most_5_of_100_studies(seeds: int):
    random = np.random.default_rng(seeds)
    p = np.array([_p_at_the_margin(seeds, random) for _ in range(600)])
    most = 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / len(p))
    assert (p <= 0.05).mean(axis=0).max() <= most
    assert (p <= 0.05 / 36).mean(axis=0).max() <= 0.05 / 36 + 3 * np.sqrt(0.05 / 36 / len(p))


def _p_at_the_margin(seeds: int, random: np.random.Generator) -> tuple[float, float]:
    """One-sided of "same", two-sided of "changed", where the truth is 0.1 of another seed's."""
    start = random.normal(0, 0.1, seeds)  # every training is in two pairs
    hard = random.standard_t(6, 128)
    far_psi = hard + random.normal(size=(seeds, 128))
    psi = 0.1 * (0.6 * hard + random.standard_t(6, (1, 128)) + random.normal(size=(seeds, 128)))
    far = 1 + start + np.roll(start, -1) + random.normal(0, 0.05, seeds) + far_psi.mean(axis=1)
    near = 0.1 + 0.03 * random.normal(size=seeds) + 0.03 * start + psi.mean(axis=1)
    centred = (array - array.mean(axis=1, keepdims=True) for array in (psi, far_psi))
    contrast = scaled(near, next(centred), far, next(centred)).contrast(0.1)
    return t_of(contrast, alternative="less").p, 2 * t_of(contrast, alternative="greater").p
