"""Train a network from a seed, or take the user's checkpoint."""

from __future__ import annotations

import numpy as np
import safetensors.torch
import torch

from bench.data import ImageSet
from bench.runner.cells import Epoch
from bench.runner.cells._files import finite
from bench.runner.cells._networks import fresh
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.training import evaluate, loop
from bench.training.recipe import Recipe
from bench.zoo.networks import checkpoint


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """Weights, learning curve, and accuracy on validation and test images."""
    network = fresh(job.spec, images).to(job.device)
    history = _history(network, job, images, epoch)
    accuracies = {
        f"{name}_accuracy": accuracy(network, split.images, split.labels, images, job.device)
        for name, split in (("validation", images.validation), ("test", images.test))
    }
    metrics = {**accuracies, "parameters": sum(parameter.numel() for parameter in network.parameters())}
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
    )


def accuracy(network: torch.nn.Module, pixels: np.ndarray, labels: np.ndarray, images: ImageSet, device: str) -> float:
    """Top-1 accuracy, 0 to 1."""
    logits = evaluate.logits(network, pixels, images.mean, images.std, device)
    return float(np.mean(logits.argmax(1) == labels))
