"""Which layers of an original mind compression: each alone, on validation images, nothing being trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from bench.compress.normalization.running_statistics import whole_batches
from bench.data import ImageSet
from bench.diagnose.diagnostic import spread
from bench.diagnose.sensitivity.curves import curves
from bench.diagnose.sensitivity.judge import Judge
from bench.diagnose.sensitivity.levels import Levels
from bench.footprint.compressed import Compressed
from bench.runner.cells import Epoch
from bench.runner.cells import _networks as networks
from bench.runner.cells._files import finite
from bench.runner.cells._workbench import RealWorkbench
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.task import of_cell
from bench.training.evaluate import normalised_batches
from bench.zoo.networks.blocks import block_outputs


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """Every target at every level, all of a kind together, and what the original scores on the same images."""
    settings: Mapping[str, Any] = job.spec["settings"]
    network = networks.trained(job.spec, images, job.parents["trained"]).to(job.device)
    workbench = _workbench(job, images, network, epoch)
    original = Compressed(network, example=workbench.example)
    judge = _judge(job, images, network, list(whole_batches(workbench, settings["training_images"])))
    levels = Levels(**{name: settings[name] for name in ("kinds", "sparsities", "bits", "rise")})
    measured = curves(original, judge, levels)
    of_original = judge(network)
    metrics = {"images": len(judge.split.labels), "loss": of_original.loss, "accuracy": of_original.accuracy}
    return {
        "curves.json": to_json([finite(asdict(single)) for single in measured.singles]),
        "joint.json": to_json([finite(asdict(joint)) for joint in measured.joints]),
        "notes.json": to_json(measured.notes),
        "metrics.json": to_json(finite(metrics)),
    }


def _judge(job: Job, images: ImageSet, network: torch.nn.Module, calibration: list[torch.Tensor]) -> Judge:
    # Validation images, since a level that is chosen by its loss is a choice: test images report on it.
    validation = images.validation
    chosen = spread(len(validation.labels), job.spec["settings"]["images"])
    split = validation.subset(chosen)
    shown = list(normalised_batches(split.images, images.mean, images.std, job.device))
    task = of_cell(job.spec)
    targets, start, pairs = task.targets(split, job.device), 0, []
    for batch in shown:
        rows = torch.from_numpy(np.arange(start, start + len(batch))).to(job.device)
        pairs.append((batch, targets[rows]))
        start += len(batch)
    layer = block_outputs(network, shown[0][:1])[-1]
    return Judge(network, pairs, split, task, layer, calibration)


def _workbench(job: Job, images: ImageSet, network: torch.nn.Module, epoch: Epoch) -> RealWorkbench:
    """For its batches of training images, the same that `recalibrate` is given."""
    return RealWorkbench(
        images,
        None,
        job.spec["seed"],
        job.device,
        epoch,
        training=None,
        teacher=network,
        fresh=lambda: networks.fresh(job.spec, images).to(job.device),
        trained_here=False,
        task=of_cell(job.spec),
    )
