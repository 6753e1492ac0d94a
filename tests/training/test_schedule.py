"""Steps and learning rates."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.training.recipe import Recipe
from bench.training.schedule import Schedule


def test_one_cycle_by_hand():
    schedule = Schedule(40, Recipe(epochs=1, batch_size=5, learning_rate=1.0, warmup=0.375))
    rates = [schedule.learning_rate(step) for step in range(schedule.steps)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 0.8, 0.6, 0.4, 0.2])


def test_a_step_schedule_drops_at_its_milestones():
    recipe = Recipe(epochs=5, batch_size=10, learning_rate=1.0, schedule="step", milestones=(2, 3), warmup=0)
    schedule = Schedule(20, recipe)
    rates = [schedule.learning_rate(step) for step in range(schedule.steps)]
    assert rates == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01])


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


def torchs(schedule: Schedule, make, every: int = 1) -> list[float]:
    """The rates of torch's scheduler, which is told of the end of every `every`-th step."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=schedule.recipe.learning_rate)
    scheduler, rates = make(optimizer), []
    for step in range(schedule.steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % every == 0:
            scheduler.step()
    return rates


def rates(schedule: Schedule) -> list[float]:
    return [schedule.learning_rate(step) for step in range(schedule.steps)]


def test_a_cosine_is_torchs_step_by_step():
    # PQF: Adam at 1e-3, a cosine per step to 1e-6 over 9 epochs
    recipe = Recipe(
        epochs=9, batch_size=10, learning_rate=1e-3, schedule="cosine", final_learning_rate=1e-6, warmup=0.0
    )
    schedule = Schedule(70, recipe)
    cosine = partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=63, eta_min=1e-6)
    assert rates(schedule) == pytest.approx(torchs(schedule, cosine), rel=1e-9)
    assert rates(schedule)[0] == 1e-3


def test_steps_are_torchs():
    # pca-compress and torchvision's ImageNet reference: a tenth after every 30 of 90 epochs
    schedule = Schedule(20, Recipe(epochs=90, batch_size=10, schedule="step", warmup=0.0))
    steps = partial(torch.optim.lr_scheduler.StepLR, step_size=30)
    assert rates(schedule) == pytest.approx(torchs(schedule, steps, every=2), rel=1e-9)
    assert rates(schedule)[::60] == pytest.approx([0.1, 0.01, 0.001])


def test_steps_of_another_factor_are_torchs():
    # PyTorch's MNIST example: times 0.7 after every epoch
    recipe = Recipe(
        epochs=14, batch_size=10, learning_rate=1.0, schedule="step", step_epochs=1, step_factor=0.7, warmup=0
    )
    steps = partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.7)
    schedule = Schedule(20, recipe)
    assert rates(schedule) == pytest.approx(torchs(schedule, steps, every=2), rel=1e-9)


@pytest.mark.parametrize("name", ["cosine", "step", "constant"])
def test_every_schedule_warms_up_to_the_peak(name):
    schedule = Schedule(100, Recipe(epochs=1, batch_size=10, schedule=name, learning_rate=1.0, warmup=0.4))
    assert rates(schedule)[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert all(0 < rate <= 1 for rate in rates(schedule))


def test_a_cosine_whose_peak_a_method_lowered_never_rises():
    recipe = Recipe(epochs=2, batch_size=10, schedule="cosine", final_learning_rate=0.01, learning_rate=0.001, warmup=0)
    assert set(rates(Schedule(50, recipe))) == {0.001}
