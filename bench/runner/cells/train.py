"""Train a network from a seed, or take the user's checkpoint."""

from __future__ import annotations

import safetensors.torch
import torch

from bench.data import ImageSet, Split
from bench.runner.cells import Epoch
from bench.runner.cells._files import finite
from bench.runner.cells._networks import fresh
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.task import Task, of_cell
from bench.training import evaluate, loop
from bench.training.recipe import Recipe
from bench.zoo.networks import checkpoint


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """Weights, learning curve, and scores on validation and test images."""
    network = fresh(job.spec, images).to(job.device)
    history = _history(network, job, images, epoch)
    scores = {
        f"{name}_{metric}": score
        for name, split in (("validation", images.validation), ("test", images.test))
        for metric, score in _scores(network, split, images, job.device, of_cell(job.spec)).items()
    }
    metrics = {**scores, "parameters": sum(parameter.numel() for parameter in network.parameters())}
    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    return {
        "network.safetensors": safetensors.torch.save(state),
        "history.json": to_json([finite(row) for row in history]),
        "metrics.json": to_json(metrics),
    }


def _history(network: torch.nn.Module, job: Job, images: ImageSet, epoch: Epoch) -> tuple[dict[str, float], ...]:
    if job.outside:
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
    )


def _scores(network: torch.nn.Module, split: Split, images: ImageSet, device: str, task: Task) -> dict[str, float]:
    predictions = evaluate.predict(network, split.images, images.mean, images.std, device, task=task)
    return task.score(predictions, split)
