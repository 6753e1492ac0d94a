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
