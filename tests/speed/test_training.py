"""What the comparison of training speed computes; how fast it is depends on the machine and is no test."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.speed import training
from bench.speed._plain_loop import TransformedImages, make_loader, train_epoch
from bench.training.recipe import Recipe

CPU = torch.device("cpu")
TINY = training.Workload("resnet8", CPU, images=128, matrix=16)


def test_operations_of_a_step_are_three_times_those_of_inference():
    # Backward computes gradients of weights and of inputs; the images themselves need none.
    stem = 3 * 9 * 16 * 32**2
    stages = 9 * (2 * 16 * 16 * 32**2 + (16 * 32 + 32 * 32) * 16**2 + (32 * 64 + 64 * 64) * 8**2)
    inference = 2 * (stem + stages + 64 * 10)
    assert training.flop_per_image(TINY) == 3 * inference - 2 * stem


def test_splits_use_all_cores():
    assert training.splits(2) == [(2, 1), (1, 2)]
    assert training.splits(6) == [(6, 1), (3, 2), (2, 3), (1, 6)]


def test_columns_are_aligned():
    assert training.table([("a", "1"), ("long", "2")]) == "  a     1\n  long  2"


def test_threads_are_put_back():
    before = torch.get_num_threads()
    with training.threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_the_plain_loop_trains():
    split, recipe = training.noise(48), Recipe(batch_size=16, learning_rate=0.01)
    loader = make_loader(TransformedImages(split, recipe, training.MEAN, training.STD), recipe, CPU)
    images, _ = next(iter(loader))
    assert images.shape == (16, 3, 32, 32)
    assert images.abs().max() <= 1
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 10))
    before = network[2].weight.detach().clone()
    assert train_epoch(network, loader, recipe, CPU) == pytest.approx(2.3, abs=0.3)
    assert not torch.equal(network[2].weight, before)


def test_every_row_of_the_comparison_is_there(monkeypatch):
    monkeypatch.setattr(training, "ROUNDS", 1)
    names = [name for name, _ in training.compare(TINY)]
    assert names[:4] == ["this loop", "plain DataLoader loop", "ratio", "input pipeline"]


@pytest.mark.slow
def test_processes_side_by_side_add_up():
    assert training.split_rate(training.Workload("resnet8", CPU, images=64, matrix=16), 1, 1) > 0
