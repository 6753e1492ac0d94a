"""Compress a network, write it to a file, and evaluate the network that is read back."""

from __future__ import annotations

import json
from dataclasses import asdict

import torch

from bench.compress.budget import Budget
from bench.compress.variant import Variant, from_spec
from bench.data import ImageSet
from bench.footprint.compressed import Compressed
from bench.footprint.cost import cost
from bench.footprint.fold import finish
from bench.footprint.micronet import micronet
from bench.footprint.packed import pack, sizes
from bench.runner import tensorboard
from bench.runner.cells import Epoch
from bench.runner.cells import _networks as networks
from bench.runner.cells._files import finite, to_npz
from bench.runner.cells._kept_epochs import KeptEpochs
from bench.runner.cells._workbench import RealWorkbench
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.task import Task, of_cell
from bench.training import evaluate
from bench.training.checkpoints import Checkpoints, kept_in
from bench.training.recipe import Recipe

TOLERANCE = 1e-4  # of the largest logit: float32 rounding, far below any change of a prediction
RANDOM_SEED = 1_000_003  # added to a cell's seed: random weights that no training started from


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """The packed file, its size by layer, what it costs to run, and its predictions on test and validation images."""
    variant = from_spec(job.spec["variant"])
    with kept_in(job.scratch) as checkpoints:
        epochs = KeptEpochs(checkpoints)
        simulated, budget = _compress(variant, job, images, epoch, checkpoints, epochs)
        kept = epochs.files()
    model = {
        "name": job.spec["model"],
        "channels": images.channels,
        "classes": len(images.classes),
        "size": images.size,
    }
    # From here on only the packed file counts. Accuracy, cost and everything that later cells measure are those of the
    # network read back from it, so no number can belong to a network that the file does not hold. The simulated network
    # is used once more, to prove that both compute the same.
    packed = pack(simulated, model)
    network = networks.compressed(job.spec, images, {"network.innards": packed}).to(job.device)
    task = of_cell(job.spec)
    difference = _difference(simulated.network, network, images, job.device, task)
    if not difference <= TOLERANCE:
        raise ArithmeticError(
            f"the packed file's network is not the simulated one: outputs differ by {difference:.2g} of the largest"
        )
    test = evaluate.predict(network, images.test.images, images.mean, images.std, job.device, task=task)
    validation = evaluate.predict(network, images.validation.images, images.mean, images.std, job.device, task=task)
    scores = {"validation": task.score(validation, images.validation), "test": task.score(test, images.test)}
    size = sizes(packed)
    shape = (1, images.channels, images.size, images.size)
    running = cost(packed, networks.fresh(job.spec, images), shape)
    metrics = {
        **{f"{split}_{metric}": value for split, metrics in scores.items() for metric, value in metrics.items()},
        "payload_bytes": size.payload_bytes,
        "file_bytes": size.file_bytes,
        "logit_difference": difference,
        **asdict(running),
        "macs_unknown": len(running.macs_unknown),  # operations, by number: metrics are numbers
        "micronet_score": micronet(packed, networks.fresh(job.spec, images), shape).score,
        "sparsity": 1 - running.nonzero_weights / running.weights,
        "finetuned_images": budget.finetuned,
        "trained_images": budget.trained,
    }
    return {
        "network.innards": packed,
        "metrics.json": to_json(finite(metrics)),
        "layers.json": to_json([asdict(layer) for layer in size.layers]),
        "history.json": to_json([finite(row) for row in simulated.history]),
        # Those on validation images show how often a choice by validation accuracy hangs on which images these were.
        "predictions.npz": to_npz(
            {
                f"{split}_{name}": array
                for split, predictions in (("test", test), ("validation", validation))
                for name, array in (*predictions.items(), *task.truth(getattr(images, split)).items())
            }
        ),
        **kept,
    }


def _compress(
    variant: Variant,
    job: Job,
    images: ImageSet,
    epoch: Epoch,
    checkpoints: Checkpoints,
    epochs: KeptEpochs,
) -> tuple[Compressed, Budget]:
    """What a variant makes of the trained network, and the images that it trained on."""
    start = _start(variant, job, images).to(job.device)
    workbench = RealWorkbench(
        images,
        _recipe(job, "finetuning"),
        job.spec["seed"],
        job.device,
        epoch,
        training=_recipe(job, "recipe"),
        teacher=start,
        fresh=lambda: networks.fresh(job.spec, images).to(job.device),
        # a checkpoint, which was not trained here, has no history, and published weights are no initial ones
        trained_here=bool(json.loads(job.parents["trained"]["history.json"])) and "weights" not in job.spec,
        task=of_cell(job.spec),
        untrained=variant.start == "random",
        files=job.outside,
        checkpoints=checkpoints,
        each_epoch=epochs,
        watch=tensorboard.writer.watch(job.events, images.channels) if job.events else None,
    )
    compressed = finish(variant.apply(Compressed(start, example=workbench.example), workbench))
    return compressed, workbench.budget


def _start(variant: Variant, job: Job, images: ImageSet) -> torch.nn.Module:
    if variant.start == "random":
        return networks.fresh(job.spec, images, job.spec["seed"] + RANDOM_SEED)
    return networks.trained(job.spec, images, job.parents["trained"])


def _recipe(job: Job, name: str) -> Recipe | None:
    return Recipe(**job.spec[name]) if job.spec.get(name) else None


def _difference(
    simulated: torch.nn.Module, packed: torch.nn.Module, images: ImageSet, device: str, task: Task
) -> float:
    """Largest difference of outputs on the probe images, as a share of the largest output."""
    return evaluate.apart(packed, simulated.to(device), images.probe_images, images.mean, images.std, device, task=task)
