from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from bench.errors import InputError
from bench.similarity.measures.knn_jaccard import KNNJaccard


def neighbours(side: np.ndarray, k: int, metric: str) -> list[set[int]]:
    found = NearestNeighbors(n_neighbors=k + 1, metric=metric).fit(side).kneighbors(side)[1]
    return [set(row[1:].tolist()) for row in found]


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_is_the_mean_jaccard_index(related, distance):
    first, second = (neighbours(side, 10, distance) for side in related)
    expected = np.mean([len(a & b) / len(a | b) for a, b in zip(first, second)])
    assert KNNJaccard(distance=distance)(*related) == pytest.approx(expected, rel=1e-12)


def test_four_points_on_a_line_by_hand():
    # One neighbour each: 0-1 and 2-3 on the first side; on the second 1 is nearest to 2.
    first = np.array([0.0, 1.0, 5.0, 6.0])[:, None]
    second = np.array([0.0, 4.0, 5.0, 7.0])[:, None]
    assert KNNJaccard(k=1, distance="euclidean")(first, second) == pytest.approx(2 / 4)


def test_an_image_is_not_its_own_neighbour(rng):
    angles = rng.permutation(np.linspace(0.0, 3.0, 12))
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert KNNJaccard(k=3)(circle, rng.normal(size=(12, 2))) < 0.7


def test_too_few_images_for_k_neighbours():
    with pytest.raises(InputError, match=r"needs n >= 12 .* all the images there are"):
        KNNJaccard()(np.eye(11), np.eye(11))
