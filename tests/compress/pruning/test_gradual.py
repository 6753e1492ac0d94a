import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.compress.pruning.gradual import Gradually


def test_pruning_is_spread_evenly_over_the_first_share_of_the_steps():
    when, step = [], 0

    def prune(progress):
        when.append((step, progress))

    pruning = Gradually(prune, times=4, share=0.5)
    for step in range(16):
        pruning(step, 16)
    assert when == [(2, 0.25), (4, 0.5), (6, 0.75), (8, 1.0)]


@given(st.integers(0, 60), st.integers(1, 30), st.floats(0.05, 1))
def test_however_short_the_training_it_ends_at_all_and_never_goes_back(steps, times, share):
    seen = []
    pruning = Gradually(seen.append, times, share)
    for step in range(steps):
        pruning(step, steps)
    pruning.finish()
    assert seen == sorted(set(seen))
    assert seen[-1] == pytest.approx(1.0)
