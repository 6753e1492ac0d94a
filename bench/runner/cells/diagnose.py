"""One look inside a compressed network beside its references: explanations, units, images that drive them."""

from __future__ import annotations

import torch

from bench import guests
from bench.data import ImageSet
from bench.diagnose.catalog import diagnostic
from bench.diagnose.diagnostic import Findings, Probe
from bench.runner.cells import Epoch
from bench.runner.cells import _networks as networks
from bench.runner.cells._files import finite, to_npz
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.settings import validated
from bench.training import evaluate
from bench.training.layout import computes_channels_last
from bench.zoo.networks.blocks import block_outputs


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """The diagnostic's numbers, arrays and notes."""
    name = job.spec["diagnostic"]
    look = validated(diagnostic(name), f"diagnostic {name!r}", job.spec["settings"])
    versions = {
        role: networks.compressed(job.spec, images, files).to(job.device) for role, files in job.parents.items()
    }
    probe = _probe(job, images)
    for network in versions.values():
        computes_channels_last(network, probe.images[:1])
    findings = look(versions, probe)
    if not isinstance(findings, Findings):
        raise TypeError(
            f"diagnostic {name!r} must return {Findings.__module__}.Findings, it returned a {type(findings).__name__} "
            f"({guests.definition(type(look))})"
        )
    return {
        "metrics.json": to_json(finite(findings.metrics)),
        "arrays.npz": to_npz(findings.arrays),
        "notes.json": to_json(findings.notes),
    }


def _probe(job: Job, images: ImageSet) -> Probe:
    pixels = images.test.images[images.probe]
    batches = evaluate.normalised_batches(pixels, images.mean, images.std, job.device)
    return Probe(
        images=torch.cat(list(batches)),
        pixels=pixels,
        labels=images.test.labels[images.probe],
        mean=tuple(images.mean),
        std=tuple(images.std),
        seed=job.spec["seed"],
        layers=block_outputs(networks.fresh(job.spec, images)),
    )
