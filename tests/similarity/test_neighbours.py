"""What the measures of neighbourhoods have in common: ties and sides without neighbourhoods."""

from __future__ import annotations

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity.knn_jaccard import KNNJaccard
from bench.similarity.rank_similarity import RankSimilarity
from bench.similarity.second_order_cosine import SecondOrderCosine

MEASURES = [KNNJaccard(), RankSimilarity(), SecondOrderCosine()]


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.title)
def test_ties_at_the_last_neighbour_are_warned_of(measure, related):
    x, y = related
    assert "equal distances" not in measure.estimate(x, y).warning
    dead = x.copy()
    dead[:20] = 0  # at the same distance from all
    warning = measure.estimate(dead, y).warning
    assert "20 of 80 images have neighbours at equal distances" in warning
    assert "the 10 nearest depends on the order" in warning


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.title)
@pytest.mark.parametrize("side", [np.zeros((80, 3)), np.ones((80, 3)), np.linspace(1, 2, 80)[:, None]])
def test_a_side_whose_images_are_all_equally_far_is_refused(measure, side, related):
    for pair in ((side, related[1]), (related[0], side)):
        with pytest.raises(InputError, match="no spread"):
            measure(*pair)
