from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.hard_correlation_match import HardCorrelationMatch
from bench.similarity.measures.soft_correlation_match import SoftCorrelationMatch


def test_is_the_mean_of_best_correlations_both_ways(related):
    correlation = np.corrcoef(related[0].T, related[1].T)[:6, 6:]
    expected = (correlation.max(0).mean() + correlation.max(1).mean()) / 2
    assert SoftCorrelationMatch()(*related) == pytest.approx(expected)


def test_units_may_share_a_counterpart(rng):
    x, other = rng.normal(size=(2, 100, 1))
    twice = np.hstack([x, x + 0.01 * rng.normal(size=(100, 1))])
    assert (
        SoftCorrelationMatch()(twice, np.hstack([x, other]))
        > HardCorrelationMatch()(twice, np.hstack([x, other])) + 0.1
    )
