from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.rank_similarity import RankSimilarity


def by_hand(x: np.ndarray, y: np.ndarray, k: int) -> float:
    scores = []
    for i in range(len(x)):
        orders = []
        for side in (x, y):
            distance = np.linalg.norm(side - side[i], axis=1)
            distance[i] = np.inf
            orders.append(np.argsort(distance)[:k].tolist())
        common = set(orders[0]) & set(orders[1])
        score = 0.0
        for j in common:
            a, b = orders[0].index(j) + 1, orders[1].index(j) + 1
            score += 2 / ((1 + abs(a - b)) * (a + b))
        scores.append(score / sum(1 / r for r in range(1, len(common) + 1)) if common else 0.0)
    return float(np.mean(scores))


def test_is_the_formula_image_by_image(related):
    assert RankSimilarity(k=7, distance="euclidean")(*related) == pytest.approx(by_hand(*related, 7), rel=1e-12)


def test_images_without_common_neighbours_count_nothing():
    first = np.array([0.0, 1.0, 5.0, 6.0])[:, None]
    second = np.array([0.0, 5.0, 1.0, 6.0])[:, None]
    assert RankSimilarity(k=1, distance="euclidean")(first, second) == 0.0
