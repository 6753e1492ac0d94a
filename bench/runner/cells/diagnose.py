"""One look inside a compressed network beside its references: explanations, units, images that drive them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import torch

from bench import guests
from bench.data import ImageSet
from bench.diagnose.catalog import diagnostic
from bench.diagnose.diagnostic import Findings, Probe
from bench.diagnose.networks import check_in_place, read_from
from bench.folders import checksum
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
    versions = {role: _network(job, images, files) for role, files in job.parents.items()}
    probe = _probe(job, images)
    for network in versions.values():
        computes_channels_last(network, probe.images[:1])
        check_in_place(network, probe.images[:1])
    findings = look(versions, probe)
    if problem := _problem(findings):
        raise TypeError(f"diagnostic {name!r} {problem} ({guests.definition(type(look))})")
    return {
        "metrics.json": to_json(finite(_plain(findings.metrics))),
        "arrays.npz": to_npz(findings.arrays),
        "notes.json": to_json(list(findings.notes)),
    }


def _network(job: Job, images: ImageSet, files: Files) -> torch.nn.Module:
    network = networks.compressed(job.spec, images, files).to(job.device)
    decoded_into = (job.spec["model"], images.channels, len(images.classes), images.size, job.device)
    return read_from(network, checksum(files["network.innards"]), *decoded_into)


def _problem(findings: Any) -> str:
    """The fault in a diagnostic's return value, to follow its name in a sentence; empty if there is none."""
    if not isinstance(findings, Findings):
        return f"must return {Findings.__module__}.Findings, it returned a {type(findings).__name__}"
    for kind, entries in (("metric", findings.metrics), ("array", findings.arrays)):
        if strange := next((name for name in entries if not isinstance(name, str)), None):
            return f"must name each {kind} by a text, it named one {strange!r}"
    for name, number in findings.metrics.items():
        if number is not None and not isinstance(number, (Real, np.bool_)):
            return f"must return numbers as metrics, its {name!r} is a {type(number).__name__}"
        if isinstance(number, int) and abs(number) > sys.float_info.max:
            return f"must return numbers as metrics, its {name!r} is too large for one"
    for name, array in findings.arrays.items():
        if np.asarray(array).dtype.hasobject:
            return f"must return arrays of numbers, booleans or text, its {name!r} holds objects"
    if isinstance(findings.notes, str) or not all(isinstance(note, str) for note in findings.notes):
        return "must return its notes as a list of sentences"
    return ""


def _plain(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics as numbers of Python's own, which JSON can hold; NumPy's arise wherever an array is reduced."""
    return {name: number.item() if isinstance(number, np.generic) else number for name, number in metrics.items()}


def _probe(job: Job, images: ImageSet) -> Probe:
    pixels = np.asarray(images.probe_images)
    shown = torch.cat(list(evaluate.normalised_batches(pixels, images.mean, images.std, job.device)))
    return Probe(
        images=shown,
        pixels=pixels,
        labels=images.test.labels[images.probe],
        mean=tuple(images.mean),
        std=tuple(images.std),
        seed=job.spec["seed"],
        layers=block_outputs(networks.fresh(job.spec, images), shown[:1].cpu()),
    )
