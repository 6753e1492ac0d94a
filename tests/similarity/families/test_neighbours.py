"""What the measures of neighbourhoods have in common: ties and sides without neighbourhoods."""

from __future__ import annotations

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity.measures.knn_jaccard import KNNJaccard
from bench.similarity.measures.rank_similarity import RankSimilarity
from bench.similarity.measures.second_order_cosine import SecondOrderCosine

MEASURES = [KNNJaccard(), RankSimilarity(), SecondOrderCosine()]


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.title)
def test_ties_at_the_last_neighbour_are_warned_of(measure, related):
    x, y = related
    assert "equal distances" not in measure.estimate(x, y).warning
    dead = x.copy()
    dead[:20] = 0  # at the same distance from all
    warning = measure.estimate(dead, y).warning
    assert "20 of 80 images have neighbours at equal distances" in warning
    assert "depends on the order of the images" in warning


def test_ties_among_the_nearest_matter_where_ranks_do(rng):
    """Image i + 40 is image i again: whoever is near to one is as near to the other."""
    x = np.tile(rng.normal(size=(40, 5)), (2, 1))
    assert "80 of 80 images" in RankSimilarity().estimate(x, x).warning
    assert "and their ranks" in RankSimilarity().estimate(x, x).warning
    assert not KNNJaccard(k=11).estimate(x, x).warning  # the copy, and five pairs


def test_the_unit_of_measurement_makes_no_ties(related):
    x, y = related
    measure = KNNJaccard(distance="euclidean")
    assert measure.estimate(1e-14 * x, y) == measure.estimate(x, y)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.title)
@pytest.mark.parametrize("side", [np.zeros((80, 3)), np.ones((80, 3)), np.linspace(1, 2, 80)[:, None]])
def test_a_side_whose_images_are_all_equally_far_is_refused(measure, side, related):
    for pair in ((side, related[1]), (related[0], side)):
        with pytest.raises(InputError, match="no spread"):
            measure(*pair)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.title)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_multiples_of_one_pattern_have_no_nearest_image(measure, precision, related, rng):
    x = rng.uniform(0.1, 9.0, size=(80, 1)) * np.array([0.1, 0.7, 1.3])
    with pytest.raises(InputError, match="equal up to rounding"):
        measure(x.astype(precision), related[1].astype(precision))


@pytest.mark.parametrize(("precision", "signal"), [(np.float32, 1e-2), (np.float64, 1e-7)])
def test_a_small_angle_is_an_angle(precision, signal, rng):
    """Images at angles of `signal` have the neighbours of a plane."""
    plane = rng.normal(size=(80, 2))
    x = np.hstack([np.ones((80, 1)), signal * plane]).astype(precision)
    near = KNNJaccard(distance="euclidean")(plane, x)
    assert near > (0.99 if precision == np.float64 else 0.9)
    assert KNNJaccard()(x, np.hstack([np.ones((80, 1)), 1e-3 * plane])) > 0.9


def test_collapsed_classes_in_float32_are_their_classes(rng):
    classes = np.arange(40) % 4
    first, second = (
        (rng.normal(size=(4, 6))[classes] * (1 + 1e-7 * rng.normal(size=(40, 6)))).astype(np.float32) for _ in range(2)
    )
    assert KNNJaccard(k=5)(first, second) == 1.0
    assert "40 of 40 images have neighbours at equal distances" in KNNJaccard(k=5).estimate(first, second).warning
