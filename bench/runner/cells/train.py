"""Train a network from a seed, or take the user's checkpoint."""

from __future__ import annotations

import safetensors.torch
import torch

from bench.data import ImageSet, Split
from bench.errors import InputError
from bench.runner import tensorboard
from bench.runner.cells import Epoch
from bench.runner.cells._files import finite
from bench.runner.cells._kept_epochs import KeptEpochs, tensors_of
from bench.runner.cells._networks import fresh
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.task import Task, of_cell
from bench.training import evaluate, loop
from bench.training.checkpoints import Checkpoints, kept_in
from bench.training.recipe import Recipe
from bench.zoo.networks import checkpoint


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """Weights, learning curve, and scores on validation and test images."""
    network = _begin(job, images).to(job.device)
    with kept_in(job.scratch) as checkpoints:
        epochs = KeptEpochs(checkpoints)
        history = _history(network, job, images, epoch, checkpoints, epochs)
        kept = epochs.files()
    scores = {
        f"{name}_{metric}": score
        for name, split in (("validation", images.validation), ("test", images.test))
        for metric, score in _scores(network, split, images, job.device, of_cell(job.spec)).items()
    }
    metrics = {**scores, "parameters": sum(parameter.numel() for parameter in network.parameters())}
    return {
        "network.safetensors": safetensors.torch.save(_state(network)),
        "history.json": to_json([finite(row) for row in history]),
        "metrics.json": to_json(metrics),
        **kept,
    }


def _begin(job: Job, images: ImageSet) -> torch.nn.Module:
    """The network before training: with initial weights, or the file's that training begins with."""
    weights = next(iter(job.outside.items())) if "weights" in job.spec else None
    return fresh(job.spec, images, weights=weights)


def _state(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Its tensors by name."""
    state = network.state_dict()
    others = [name for name, value in state.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise InputError(f"{others[0]} is a {type(state[others[0]]).__name__}: networks are stored as tensors alone")
    return tensors_of(network)


def _history(
    network: torch.nn.Module,
    job: Job,
    images: ImageSet,
    epoch: Epoch,
    checkpoints: Checkpoints,
    epochs: KeptEpochs,
) -> tuple[dict[str, float], ...]:
    if "checkpoint" in job.spec:
        ((name, data),) = job.outside.items()
        checkpoint.load_bytes(network, data, name)
        return ()
    return loop.train(
        network,
        images.train,
        recipe=Recipe(**job.spec["recipe"]),
        mean=images.mean,
        std=images.std,
        seed=job.spec["seed"],
        device=job.device,
        progress=epoch,
        validation=images.validation,
        task=of_cell(job.spec),
        checkpoints=checkpoints,
        watch=tensorboard.writer.watch(job.events, images.channels) if job.events else None,
        each_epoch=epochs,
    )


def _scores(network: torch.nn.Module, split: Split, images: ImageSet, device: str, task: Task) -> dict[str, float]:
    predictions = evaluate.predict(network, split.images, images.mean, images.std, device, task=task)
    return task.score(predictions, split)
