"""What bfloat16 costs in accuracy: trainings of a profile in both precisions, paired by seed.

A profile may name bfloat16 where the whole interval lies within half a point.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from bench import profile
from bench.data import ImageSet, load
from bench.profile import Profile
from bench.speed.training import Row, table, threads
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import paired_difference
from bench.task.classification import CLASSIFICATION
from bench.training.arithmetic import computes_bfloat16
from bench.training.evaluate import predict
from bench.training.loop import train
from bench.training.recipe import Recipe
from bench.zoo.networks.build import build

PROFILE = "digits"
SEEDS = range(6)
NEAR = 0.5  # points


def main(name: str = PROFILE) -> None:
    """Print the difference for each network of a profile; minutes for digits, days for others."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not computes_bfloat16(device):
        print("This machine only emulates bfloat16: its accuracy was not measured")
        return
    experiment = profile.load(name)
    with tempfile.TemporaryDirectory() as cache, threads(1):
        images = load(**dict(experiment.file.data.model_dump()), cache=Path(cache))
        rows = [row(experiment, images, model.name, device, SEEDS) for model in experiment.file.models]
    print(f"Test accuracy with bfloat16 less with float32, {name}, {len(SEEDS)} seeds, 95 % interval (points)")
    print(table(rows))


def row(experiment: Profile, images: ImageSet, model: str, device: torch.device, seeds: Sequence[int]) -> Row:
    """A network's name, and its difference with the interval."""
    recipe = experiment.recipes[model]
    accuracies = [
        [accuracy(replace(recipe, precision=precision), images, model, device, seed) for seed in seeds]
        for precision in ("bfloat16", "float32")
    ]
    return model, described(paired_difference(*accuracies).scaled(100))


def accuracy(recipe: Recipe, images: ImageSet, model: str, device: torch.device, seed: int) -> float:
    """Test accuracy of one training, 0 to 1."""
    network = build(model, images.channels, len(images.classes), images.size, seed=seed).to(device)
    train(network, images.train, recipe=recipe, mean=images.mean, std=images.std, seed=seed, device=device)
    predictions = predict(network, images.test.images, images.mean, images.std, device, task=CLASSIFICATION)
    return CLASSIFICATION.score(predictions, images.test)["accuracy"]


def described(difference: Estimate) -> str:
    """The difference, its interval, and whether a profile may name bfloat16."""
    near = difference.low >= -NEAR and difference.high <= NEAR
    verdict = f"within ±{NEAR:g}" if near else f"not within ±{NEAR:g}"
    return f"{difference.value:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}], {verdict}"


if __name__ == "__main__":
    main(*sys.argv[1:2])
