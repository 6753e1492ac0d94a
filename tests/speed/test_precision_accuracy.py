"""What bfloat16 costs in accuracy, with intervals by hand."""

from __future__ import annotations

import pytest
import torch

from bench import profile
from bench.data import load
from bench.speed import precision_accuracy
from bench.statistics.intervals import paired_difference


def test_a_profile_may_name_bfloat16_where_the_whole_interval_is_near():
    # differences -0.2, 0, 0.2 points: mean 0, standard error 0.2 / √3, t = 4.303
    near = paired_difference([0.980, 0.982, 0.984], [0.982, 0.982, 0.982]).scaled(100)
    assert precision_accuracy.described(near) == "+0.00 [-0.50, +0.50], within ±0.5"
    far = paired_difference([0.979, 0.982, 0.985], [0.982, 0.982, 0.982]).scaled(100)
    assert precision_accuracy.described(far) == "+0.00 [-0.75, +0.75], not within ±0.5"


def test_each_seed_is_trained_in_both_precisions(tmp_path, monkeypatch):
    trained = []
    levels = {"bfloat16": 0.75, "float32": 0.5}

    def accuracy(recipe, images, model, device, seed):
        trained.append((recipe.precision, seed))
        return levels[recipe.precision] + seed / 8

    monkeypatch.setattr(precision_accuracy, "accuracy", accuracy)
    experiment = profile.load("smoke")
    images = load(**dict(experiment.file.data.model_dump()), cache=tmp_path)
    name, words = precision_accuracy.row(experiment, images, "resnet8", torch.device("cpu"), range(2))
    assert sorted(trained) == [("bfloat16", 0), ("bfloat16", 1), ("float32", 0), ("float32", 1)]
    assert (name, words) == ("resnet8", "+25.00 [+25.00, +25.00], not within ±0.5")


def test_a_machine_without_bfloat16_says_so(monkeypatch, capsys):
    monkeypatch.setattr(precision_accuracy, "computes_bfloat16", lambda _: False)
    precision_accuracy.main()
    assert capsys.readouterr().out.startswith("This machine only emulates bfloat16")


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="digits are trained on a CPU")
def test_one_training_learns(tmp_path):
    experiment = profile.load("smoke")
    images = load(**dict(experiment.file.data.model_dump()), cache=tmp_path)
    recipe = experiment.recipes["resnet8"]
    assert precision_accuracy.accuracy(recipe, images, "resnet8", torch.device("cpu"), 0) > 0.8
