"""What the cells of a plan will take, before any is worked: hours from measured steps, and disk."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from bench.compress.budget import Budget
from bench.compress.variant import parse
from bench.data import ImageSet
from bench.profile import Profile
from bench.runner import controls
from bench.runner.cell import Cell
from bench.task import task
from bench.training.evaluate import predict
from bench.training.loop import train
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule
from bench.zoo.networks.build import build

MEASURED_PIXELS = 2**19  # of the images of a measured step, so that a large network's takes seconds on a processor too
MEASURED_STEPS = 3
LOGIT_BYTES = 4
TIMED = ("train", "compress")  # kinds of cells


@dataclass(frozen=True)
class Speed:
    """What a model takes.

    Attributes:
        trained: seconds per image of a training step.
        tested: seconds per image of an evaluation.
        network_bytes: of its float32 weights and statistics.
        measured: images of the steps that were measured.
    """

    trained: float
    tested: float
    network_bytes: int
    measured: int


@dataclass(frozen=True)
class Forecast:
    """Totals over cells.

    Attributes:
        hours: of one device.
        disk_bytes: at most, as if nothing were compressed.
        trainings, compressions: how many there are.
        others: comparisons and looks, which are not counted in hours and disk.
        by_method: compressions and their hours; a chain is named by all its methods.
    """

    hours: float
    disk_bytes: int
    trainings: int
    compressions: int
    others: int
    by_method: Mapping[str, tuple[int, float]]


def measure(experiment: Profile, images: ImageSet, model: str, device: torch.device) -> Speed:
    """Time a few steps of a model's training, and an evaluation, on as many images as a processor is quick with."""
    recipe = experiment.recipes[model]
    entry = next(entry for entry in experiment.file.models if entry.name == model)
    images = images.transformed(recipe.validation_transform)
    network = build(model, images.channels, len(images.classes), images.size, 0, None, images.classes).to(device)
    batch = max(2, min(recipe.batch_size, len(images.train.labels), MEASURED_PIXELS // images.size**2))
    mean, std = experiment.normalisations[entry.name] or (images.mean, images.std)
    if len(mean) != images.channels:
        mean, std = images.normalised_by(mean, std).mean, images.normalised_by(mean, std).std
    goal = task(experiment.file.task)
    subset = images.train.subset(range(batch))

    def steps(count: int) -> float:
        # the subset is one batch, so that an epoch is a step; at such a rate the network hardly changes
        one = replace(
            recipe,
            batch_size=batch,
            epochs=count,
            learning_rate=1e-9,
            final_learning_rate=0.0,
            devices=1,
            compile=False,
        )
        began = time.perf_counter()
        train(network, subset, recipe=one, mean=mean, std=std, seed=0, device=device, task=goal)
        return time.perf_counter() - began

    # What a training takes to begin is the same for one step and for four, and counts once in hours of steps.
    steps(1)
    trained = max(steps(1 + MEASURED_STEPS) - steps(1), 0) / MEASURED_STEPS / batch
    began = time.perf_counter()
    predict(network, subset.images, mean, std, device, task=goal)
    tested = (time.perf_counter() - began) / batch
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    return Speed(trained, tested, size, batch)


def sentences(experiment: Profile, cells: Iterable[Cell], images: ImageSet, device: str) -> Iterator[str]:
    """Lines for people: what was measured of each model, hours by method, the totals; none if nothing takes hours."""
    cells = list(cells)
    models = dict.fromkeys(cell.model for cell in cells if cell.kind in TIMED)
    speeds = {}
    for model in models:
        speeds[model] = speed = measure(experiment, images, model, torch.device(device))
        yield (
            f"{model}: {1000 * speed.trained:.3g} ms per image of a training step, {1000 * speed.tested:.3g} ms per "
            f"image of an evaluation, measured on {speed.measured} images on {device}"
        )
    if speeds:
        total = forecast(experiment, cells, images, speeds)
        for name, (count, hours) in sorted(total.by_method.items(), key=lambda method: -method[1][1]):
            yield f"{hours:8.2f} hours for {count} x {name}"
        gpu = "GPU-hours" if device.startswith("cuda") else f"hours of one {device} worker"
        yield (
            f"about {total.hours:,.3g} {gpu} for {total.trainings} trainings and {total.compressions} compressions; "
            f"{total.others} comparisons and looks come on top"
        )
        yield f"at most {total.disk_bytes / 1e9:,.3g} GB on disk for networks and predictions"


def forecast(experiment: Profile, cells: Iterable[Cell], images: ImageSet, speeds: Mapping[str, Speed]) -> Forecast:
    """Hours and disk that cells take.

    Args:
        cells: those that are still to be worked.
        speeds: by model.
    """
    cells = list(cells)
    kinds = [cell.kind for cell in cells]
    budgets = {
        (model, variant.label): controls.budget(experiment, model, variant)
        for model in speeds
        for variant in controls.variants(experiment, model)
    }
    costs = list(_costs(experiment, cells, images, speeds, budgets))
    return Forecast(
        by_method=_by_method(cells, [seconds for seconds, _ in costs]),
        hours=sum(seconds for seconds, _ in costs) / 3600,
        disk_bytes=sum(size for _, size in costs),
        trainings=kinds.count("train"),
        compressions=kinds.count("compress"),
        others=len(cells) - kinds.count("train") - kinds.count("compress"),
    )


def _by_method(cells: Sequence[Cell], seconds: Sequence[float]) -> dict[str, tuple[int, float]]:
    methods: dict[str, tuple[int, float]] = {}
    for cell, taken in zip(cells, seconds, strict=True):
        if cell.kind == "compress":
            name = "+".join(stage.name for stage in parse(cell.variant).stages)
            count, hours = methods.get(name, (0, 0.0))
            methods[name] = count + 1, hours + taken / 3600
    return methods


def trained_images(recipe: Recipe, images: int, epochs: float) -> int:
    """Images that a training of so many epochs goes through, on all its devices."""
    schedule = Schedule(images, replace(recipe, epochs=epochs))
    return schedule.steps * schedule.batch_size


def _costs(
    experiment: Profile,
    cells: Iterable[Cell],
    images: ImageSet,
    speeds: Mapping[str, Speed],
    budgets: Mapping[tuple[str, str], Budget],
) -> Iterator[tuple[float, int]]:
    """Seconds and bytes of each training and compression."""
    count, validation = len(images.train.labels), len(images.validation.labels)
    evaluated = validation + len(images.test.labels)
    logits = evaluated * len(images.classes) * LOGIT_BYTES
    for cell in cells:
        if cell.kind not in TIMED:
            yield 0.0, 0
            continue
        speed = speeds[cell.model]
        if cell.kind == "train":
            recipe: Recipe = experiment.recipes[cell.model]
            epochs = 0 if cell.spec["recipe"] is None else recipe.epochs
            seen = trained_images(recipe, count, epochs)
            yield seen * speed.trained + epochs * validation * speed.tested, speed.network_bytes
        else:
            budget = budgets[cell.model, cell.variant]
            seen = trained_images(experiment.finetuning[cell.model], count, budget.finetuned)
            seen += trained_images(experiment.recipes[cell.model], count, budget.trained)
            yield seen * speed.trained + evaluated * speed.tested, speed.network_bytes + logits
