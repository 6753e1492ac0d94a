import numpy as np

from bench.calibrate.scenarios import paired_tests
from bench.statistics.tests import paired_t


def test_a_test_that_takes_images_as_n_is_caught(by_what, monkeypatch):
    monkeypatch.setattr(paired_tests, "paired_t", lambda d: intervals_as_n(d))
    row = by_what(paired_tests.Differences("normal", 6), 300)["paired t"]
    assert row.status == "rejects too often"


def intervals_as_n(differences: np.ndarray):
    """The paired t of differences counted ten times, as if every image were a replication."""
    return paired_t(np.repeat(differences, 10))
