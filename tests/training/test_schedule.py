"""Steps and learning rates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.training.recipe import Recipe
from bench.training.schedule import Schedule


def test_one_cycle_by_hand():
    schedule = Schedule(40, Recipe(epochs=1, batch_size=5, learning_rate=1.0, warmup=0.375))
    rates = [schedule.learning_rate(step) for step in range(schedule.steps)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 0.8, 0.6, 0.4, 0.2])


def test_an_incomplete_batch_is_dropped_and_a_small_set_is_one():
    assert Schedule(19, Recipe(batch_size=5)).steps_per_epoch == 3
    small = Schedule(19, Recipe(batch_size=64))
    assert (small.batch_size, small.steps_per_epoch) == (19, 1)


@pytest.mark.parametrize(
    ("epochs", "steps", "begun"), [(0, 0, 0), (0.01, 1, 1), (0.5, 5, 1), (1.25, 12, 2), (3, 30, 3)]
)
def test_fractions_of_an_epoch(epochs, steps, begun):
    schedule = Schedule(100, Recipe(epochs=epochs, batch_size=10))
    assert (schedule.steps, schedule.epochs) == (steps, begun)
    assert [step for epoch in range(1, begun + 1) for step in schedule.steps_of(epoch)] == list(range(steps))


@given(images=st.integers(1, 300), epochs=st.floats(0.01, 6), warmup=st.floats(0, 0.99))
def test_rates_rise_to_the_peak_then_fall_and_never_reach_zero(images, epochs, warmup):
    schedule = Schedule(images, Recipe(epochs=epochs, batch_size=32, learning_rate=0.5, warmup=warmup))
    rates = [schedule.learning_rate(step) for step in range(schedule.steps)]
    assert all(0 < rate <= 0.5 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) == 0.5 or round(warmup * schedule.steps) == schedule.steps
