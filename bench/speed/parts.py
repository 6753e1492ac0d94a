"""A small run taken apart: what its kinds of cells take, in the kernel, and beside the matrix product's rate."""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from bench import profile, remember
from bench.data import fingerprint
from bench.runner import plan
from bench.runner.drive import Driver, Reporter, Work
from bench.runner.executor import Crew
from bench.runner.executors.inline import Inline
from bench.runner.job import Job, JobResult
from bench.runner.store import Store
from bench.runner.work import work
from bench.speed.precision import columns
from bench.speed.training import ON_CPU, matrix_product_rate, threads

SIZE, CLASSES = 64, 4
IMAGES = {"train": 60, "test": 30}  # of each class
HEAD = ("", "seconds", "share", "in the kernel", "of the matrix product's rate")
PROFILE = """
seeds = [0]

[data]
source = "folder:{folder}"
probe = 32

[training]
epochs = 2

[finetuning]
epochs = 1

[[models]]
name = "resnet20"

[[methods]]
name = "nncf-int8-ptq"

[[methods]]
name = "magnitude-finetune"
sparsity = 0.9

[[diagnostics]]
name = "attributions"
images = 8
variants = ["nncf-int8-ptq"]
"""


@dataclass
class Parts:
    """By kind of cell: seconds, those in the kernel, and operations."""

    wall: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    kernel: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    flop: dict[str, float] = field(default_factory=lambda: defaultdict(float))


class Operations(TorchDispatchMode):
    """Counts those of PyTorch's convolutions and matrix products, a multiply-add counting as two; not of NumPy's, by
    which similarity is measured (see `similarity.py`).

    PyTorch's own `FlopCounterMode` also notes which module each belongs to, by hooks that attributions do not survive.
    """

    total = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        outputs = func(*args, **(kwargs or {}))
        if count := flop_registry.get(func._overloadpacket):
            self.total += count(*args, **(kwargs or {}), out_val=outputs)
        return outputs


class TakingTime(Inline):
    """Works each job, takes its time, and adds it to the parts."""

    def __init__(self, parts: Parts):
        super().__init__(1, lambda *_: None)
        self.parts = parts

    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """See `Inline`."""
        wall, before = time.perf_counter(), os.times()
        future = super().submit(job, slot)
        self.parts.wall[job.kind] += time.perf_counter() - wall
        self.parts.kernel[job.kind] += os.times().system - before.system
        return future


class CountingOperations(Inline):
    """Works each job, counts its operations, and adds them to the parts."""

    def __init__(self, parts: Parts):
        super().__init__(1, lambda *_: None)
        self.parts = parts

    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """See `Inline`."""
        future: Future[JobResult] = Future()
        with Operations() as operations:
            future.set_result(work(job, self.progress))
        self.parts.flop[job.kind] += operations.total
        return future


def main() -> None:
    """Print the parts; a few minutes on one thread."""
    with tempfile.TemporaryDirectory() as folder, threads(1):
        parts = taken_apart(Path(folder))
        product = matrix_product_rate(ON_CPU)
    images = sum(IMAGES.values()) * CLASSES
    print(f"A run of ResNet-20 on {images} images of {SIZE}×{SIZE} (CPU, one thread, float32)")
    print(columns([HEAD, *rows(parts, product)]))


def taken_apart(folder: Path) -> Parts:
    """Run a profile once to count its operations, which slows it down, and once to take its time."""
    draw(folder / "images")
    experiment = profile.parse("parts", PROFILE.format(folder=folder / "images"))
    data, cache = dict(experiment.file.data.model_dump()), folder / "cache"
    cells = plan.make(experiment, fingerprint(**data, cache=cache)).cells
    parts = Parts()
    # In this order, so that imports are not timed; and each without what the other remembers.
    for name, executor in (("counted", CountingOperations(parts)), ("timed", TakingTime(parts))):
        remember.forget()
        driver = Driver(Store(folder / name), Work(data, cache), Reporter())
        states = driver.run(cells, lambda: Crew(executor, ["cpu"]), retry_failed=False)  # noqa: B023 - called at once
        if failed := [status.reason for status in states.values() if status.state != "done"]:
            raise RuntimeError(f"a cell of the run failed: {failed[0]}")
    return parts


def rows(parts: Parts, product: float) -> list[tuple[str, ...]]:
    """One row for each kind of cell and one for all.

    Args:
        product: FLOP/s of a matrix product.
    """
    total = sum(parts.wall.values())
    found = [(kind, parts.wall[kind], parts.kernel[kind], parts.flop[kind]) for kind in parts.wall]
    found.append(("all", total, sum(parts.kernel.values()), sum(parts.flop.values())))
    return [
        (
            kind,
            f"{wall:.1f}",
            f"{100 * wall / total:.0f} %",
            f"{100 * kernel / wall:.0f} %",
            f"{100 * flop / wall / product:.0f} %",
        )
        for kind, wall, kernel, flop in found
    ]


def draw(folder: Path) -> None:
    """Images of a few classes, each a colour under noise: speed does not depend on what is on them."""
    generator = np.random.default_rng(0)
    for part, count in IMAGES.items():
        for label in range(CLASSES):
            place = folder / part / str(label)
            place.mkdir(parents=True)
            colour = generator.integers(64, 192, size=3)
            for number in range(count):
                noise = generator.normal(0, 40, size=(SIZE, SIZE, 3)) + colour
                Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(place / f"{number}.png")
