"""Event files written while a cell trains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bench.data import Split
from bench.runner.tensorboard.writer import first_filters, watch
from bench.training.loop import train
from bench.training.recipe import Recipe


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(180, 10))


def trained(**options) -> nn.Module:
    generator = np.random.default_rng(0)
    split = Split(generator.integers(256, size=(40, 1, 8, 8), dtype=np.uint8), generator.integers(10, size=40))
    learner = network()
    recipe = Recipe(epochs=2, batch_size=20, crop_padding=1)
    train(learner, split, recipe=recipe, mean=[0.5], std=[0.5], seed=0, device="cpu", **options)
    return learner


def test_curves_speed_and_first_filters_are_written_as_it_trains(tmp_path):
    watched = trained(watch=watch(tmp_path / "cell", 1))
    events = EventAccumulator(str(tmp_path / "cell")).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "learning_rate", "images_per_second"}
    assert [event.step for event in events.Scalars("images_per_second")] == [1, 2]
    assert all(event.value > 0 for event in events.Scalars("images_per_second"))
    picture = events.Images("first_filters")[1]
    assert (picture.width, picture.height) == (7, 11)  # two columns and three rows of 3 x 3, a pixel between
    for seen, unseen in zip(watched.parameters(), trained().parameters(), strict=True):
        assert torch.equal(seen, unseen)


def test_filters_lie_side_by_side_each_in_its_own_range():
    learner = network()
    sheet = first_filters(learner, 1)
    assert sheet.shape == (1, 11, 7)
    one = learner[0].weight[1, 0].detach()
    torch.testing.assert_close(sheet[0, 0:3, 4:7], (one - one.min()) / (one.max() - one.min()))
    assert sheet[0, 3].eq(1).all()


def test_a_network_without_a_first_convolution_shows_none():
    assert first_filters(nn.Linear(3, 3), 3) is None
    assert first_filters(nn.Conv2d(8, 8, 3), 3) is None


def test_nowhere_to_write_is_no_reason_to_stop(tmp_path, caplog):
    (tmp_path / "file").touch()
    assert watch(tmp_path / "file" / "cell", 1) is None
    assert "cannot be written" in caplog.text
