"""Streaming: images decoded per second, and the memory that sets of more and more images take."""

from __future__ import annotations

import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import bench.data
from bench.data.validation_transform import ValidationTransform
from bench.speed.training import table
from bench.task.classification import CLASSIFICATION
from bench.training import evaluate
from bench.training.batches import make_batches
from bench.training.feed import Feed
from bench.training.loop import train
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule
from bench.zoo.networks.build import build

COUNTS = (1_000, 10_000, 100_000)  # images of a set, links to the same files
FILES, CLASSES = 64, 10
SIZE = (341, 256)  # width and height, pixels, as photographs have them with a short side of 256
RECIPE = Recipe(batch_size=32, resize=72, center_crop=64, random_resized_crop=64)
STEPS, EVALUATED = 12, 512
WORKERS = 2
MEAN = STD = (0.5,) * 3
PATIENCE = 1800  # seconds for one set


@dataclass(frozen=True)
class Peaks:
    """Largest resident memory, bytes.

    Attributes:
        main: of the process that trains and evaluates.
        workers: of each process that decodes, and the one that starts them.
    """

    main: int
    workers: tuple[int, ...]


def main(counts: Sequence[int] = COUNTS) -> None:
    """Print both; about five minutes on two cores, most of them for reading the largest set once."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        originals = photographs(root / "originals", FILES)
        print(f"Streaming JPEGs of {SIZE[0]}×{SIZE[1]} pixels: random resized crop to 224, no network, one epoch")
        speeds = linked(root / "speed", originals, 1024)
        print(table([(f"{count} worker{'s' * (count != 1)}", f"{rate(speeds, count):,.0f} images/s")
                     for count in (0, 1, 2)]))  # fmt: skip
        print(f"Peak resident memory: resnet8, {STEPS} steps and {EVALUATED} test images, {WORKERS} workers")
        for count in counts:
            memory = in_a_fresh_process(linked(root / f"{count}", originals, count), root / f"cache-{count}")
            shown = ", ".join(f"{peak / 1e6:,.0f}" for peak in memory.workers)
            print(table([(f"{count:>9,} images", f"{memory.main / 1e6:,.0f} MB, and in the workers {shown} MB")]))


def photographs(folder: Path, count: int) -> list[Path]:
    """Smooth pictures with some detail, about as large as photographs of that size are."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    files = [folder / f"{number}.jpg" for number in range(count)]
    for file in files:
        small = Image.fromarray(random.integers(0, 256, (32, 43, 3), dtype=np.uint8))
        small.resize(SIZE, Image.Resampling.BICUBIC).save(file, quality=90)
    return files


def linked(root: Path, originals: Sequence[Path], count: int) -> Path:
    """A folder of `count` training images, and a tenth as many test images or a few hundred, which are links."""
    half = len(originals) // 2  # no test image is a training image
    for part, number, files in (
        ("train", count, originals[:half]),
        ("test", max(count // 10, EVALUATED), originals[half:]),
    ):
        for label in range(CLASSES):
            folder = root / part / f"class{label}"
            folder.mkdir(parents=True)
            for index in range(label, number, CLASSES):
                (folder / f"{index}.jpg").symlink_to(files[index % len(files)])
    return root


def load(root: Path, cache: Path, workers: int) -> bench.data.ImageSet:
    """The set, at the recipe's validation transform."""
    images = bench.data.load(
        f"folder:{root}", validation=0.1, probe=64, probe_seed=0, split_seed=0, cache=cache, workers=workers
    )
    return images.transformed(ValidationTransform(RECIPE.resize, RECIPE.center_crop))


def rate(root: Path, workers: int) -> float:
    """Images per second of a training's batches alone, after the workers have started."""
    device = torch.device("cpu")
    split = load(root, root.with_name("speed-cache"), workers).train
    recipe = replace(RECIPE, random_resized_crop=224)
    targets = CLASSIFICATION.targets(split, device)
    batches = make_batches(Feed(split, targets, Schedule(len(split.images), recipe), MEAN, STD, 0, device))
    next(batches.epoch(1))
    start = time.perf_counter()
    images = sum(len(batch) for batch, _ in batches.epoch(2))
    return images / (time.perf_counter() - start)


def in_a_fresh_process(root: Path, cache: Path) -> Peaks:
    """What a set takes in a process that has done nothing else."""
    context = multiprocessing.get_context("spawn")
    answers: Queue[Peaks] = context.Queue()
    process = context.Process(target=_measure, args=(root, cache, answers))
    process.start()
    memory = answers.get(timeout=PATIENCE)
    process.join()
    return memory


def _measure(root: Path, cache: Path, answers: Queue[Peaks]) -> None:
    torch.set_num_threads(1)
    images = load(root, cache, WORKERS)
    network = build("resnet8", 3, CLASSES, images.size, seed=0)
    peaks: dict[int, int] = {}
    recipe = replace(RECIPE, epochs=STEPS / (len(images.train.images) // RECIPE.batch_size))

    def note(step: int, steps: int) -> None:
        for process in descendants(os.getpid()):
            peaks[process] = max(peaks.get(process, 0), peak(process))

    train(network, images.train, recipe=recipe, mean=MEAN, std=STD, seed=0, device="cpu", after_step=note)
    some = images.test.subset(np.arange(min(EVALUATED, len(images.test.images))))
    evaluate.logits(network, some.images, MEAN, STD, "cpu")
    own = peak(os.getpid())
    answers.put(Peaks(own, tuple(sorted(peaks.values()))))


def descendants(process: int) -> list[int]:
    """A process's children, and theirs."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(status.parent.name)] = int(fields[1])
    family = [process]
    for parent in family:  # which grows
        family += [child for child, of in parents.items() if of == parent]
    return family[1:]


def peak(process: int) -> int:
    """Largest resident memory of a process so far, bytes; 0 if it has ended."""
    try:
        line = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0
    return int(line.group(1)) * 1024 if line else 0
