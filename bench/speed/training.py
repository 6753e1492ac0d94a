"""Training: images per second of this loop, beside a plain DataLoader loop and beside what the machine can multiply."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from bench.data import Split
from bench.speed._plain_loop import TransformedImages, make_loader, train_epoch
from bench.task.classification import CLASSIFICATION
from bench.training.batches import ResidentBatches
from bench.training.feed import Feed
from bench.training.loop import train
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule
from bench.zoo.networks.build import build
from bench.zoo.networks.catalogue import recipe as recipe_of

ROUNDS = 3  # of both loops in turn; medians are shown
CLASSES, CHANNELS, SIZE = 10, 3, 32
MEAN = STD = (0.5,) * CHANNELS
Row = tuple[str, str]


@dataclass(frozen=True)
class Workload:
    """A training to time: network, images and device.

    Args:
        model: a name of the zoo.
        images: number trained on in one timing.
        matrix: side of the square matrices whose product gives the machine's rate.
        precision, compiled: of the recipe.
    """

    model: str
    device: torch.device
    images: int
    matrix: int
    precision: Literal["float32", "bfloat16"] = "float32"
    compiled: bool = False

    @property
    def recipe(self) -> Recipe:
        """The model's recipe, for one epoch."""
        return replace(recipe_of(self.model), epochs=1, precision=self.precision, compile=self.compiled)

    def network(self) -> nn.Module:
        """A fresh network, on the device."""
        return build(self.model, CHANNELS, CLASSES, SIZE, seed=0).to(self.device)


ON_CPU = Workload("resnet20", torch.device("cpu"), images=1280, matrix=1024)
ON_GPU = Workload("resnet18", torch.device("cuda"), images=51_200, matrix=8192, precision="bfloat16")


def main() -> None:
    """Print the comparison; under two minutes on two cores."""
    on_gpu = torch.cuda.is_available()
    workload = ON_GPU if on_gpu else ON_CPU
    with threads(1):
        rows = compare(workload)
    if not on_gpu:
        rows += [(_split_name(*split), _rate(split_rate(workload, *split))) for split in splits(os.cpu_count() or 1)]
    where = torch.cuda.get_device_name() if on_gpu else "CPU, one thread"
    print(f"Training {workload.model} on {SIZE}×{SIZE} images ({where}, batch {workload.recipe.batch_size})")
    print(table(rows))


def compare(workload: Workload) -> list[Row]:
    """Both loops in turn, the input pipeline alone, and the share of the matrix-product rate."""
    # Both loops alternate, so that a machine that slows down (heat, other users) slows both, and the ratio is taken
    # round by round. Each is warmed up first: the first step allocates memory and chooses convolution algorithms.
    split = noise(workload.images)
    loops = ours(workload, split), plain(workload, split)
    rounds = [tuple(workload.images / seconds(loop, workload.device) for loop in loops) for _ in range(ROUNDS)]
    rate, plain_rate = (statistics.median(column) for column in zip(*rounds, strict=True))
    pipeline = statistics.median(seconds(input_pipeline(workload, split), workload.device) for _ in range(ROUNDS))
    product, flop = matrix_product_rate(workload), rate * flop_per_image(workload)
    return [
        ("this loop", _rate(rate)),
        ("plain DataLoader loop", _rate(plain_rate)),
        ("ratio", f"{statistics.median(a / b for a, b in rounds):.2f}"),
        ("input pipeline", f"{100 * pipeline * rate / workload.images:.2f} % of a step"),
        ("matrix product", f"{product / 1e9:,.0f} GFLOP/s"),
        ("forward and backward", f"{100 * flop / product:.0f} % of the matrix product's rate"),
    ]


def ours(workload: Workload, split: Split) -> Callable[[], object]:
    """One epoch of this project's loop, warmed up by one step."""
    network = workload.network()

    def epoch(recipe: Recipe = workload.recipe) -> object:
        return train(network, split, recipe=recipe, mean=MEAN, std=STD, seed=0, device=workload.device)

    epoch(replace(workload.recipe, epochs=workload.recipe.batch_size / workload.images))
    return epoch


def plain(workload: Workload, split: Split) -> Callable[[], object]:
    """One epoch of the plain loop, warmed up by one batch."""
    network, recipe, device = workload.network(), workload.recipe, workload.device
    loader = make_loader(TransformedImages(split, recipe, MEAN, STD), recipe, device)
    images, labels = next(iter(loader))
    functional.cross_entropy(network.train()(images.to(device)), labels.to(device)).backward()
    return lambda: train_epoch(network, loader, recipe, device)


def input_pipeline(workload: Workload, split: Split) -> Callable[[], object]:
    """One epoch of batches without training."""
    feed = Feed(
        split,
        CLASSIFICATION.targets(split, workload.device),
        Schedule(workload.images, workload.recipe),
        MEAN,
        STD,
        0,
        workload.device,
    )
    batches = ResidentBatches(feed)
    return lambda: [images.shape for images, _ in batches.epoch(1)]


def flop_per_image(workload: Workload) -> float:
    """Operations of one forward and one backward pass, a multiply-add counting as two."""
    # Counted as if every convolution were computed directly. Winograd's algorithm multiplies less, so that more than
    # 100 % of the matrix product's rate is possible.
    network = workload.network().train()
    batch = 2  # batch norm needs more than one
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(batch, CHANNELS, SIZE, SIZE, device=workload.device)).sum().backward()
    return counter.get_total_flops() / batch


def matrix_product_rate(workload: Workload) -> float:
    """FLOP/s of a square product in the workload's precision."""
    dtype = getattr(torch, workload.precision)
    matrix = torch.randn(workload.matrix, workload.matrix, device=workload.device).to(dtype)
    times = [seconds(lambda: matrix @ matrix, workload.device) for _ in range(20)]
    return 2 * workload.matrix**3 / statistics.median(times)


def splits(cores: int) -> list[tuple[int, int]]:
    """Processes and threads of each that together use all cores."""
    return [(cores // threads, threads) for threads in range(1, cores + 1) if cores % threads == 0]


def split_rate(workload: Workload, processes: int, threads_each: int) -> float:
    """Images per second of all processes together, each training its own network at the same time."""
    # Every process waits at the barrier until all are warmed up, so that they compete for memory and cores all the time
    # that is measured, as they do when the benchmark trains several networks at once.
    context = multiprocessing.get_context("spawn")
    barrier, rates = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=_train_beside_others, args=(workload, threads_each, barrier, rates))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    total = sum(rates.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    return total


def _train_beside_others(workload: Workload, threads_each: int, barrier: Barrier, rates: Queue[float]) -> None:
    torch.set_num_threads(threads_each)
    epoch = ours(workload, noise(workload.images))
    barrier.wait(timeout=120)
    rates.put(workload.images / seconds(epoch, workload.device))


def noise(count: int) -> Split:
    """Random images, (count, 3, 32, 32) uint8: speed does not depend on what is on them."""
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(count, CHANNELS, SIZE, SIZE), dtype=np.uint8)
    return Split(images, generator.integers(CLASSES, size=count))


def seconds(run: Callable[[], object], device: torch.device) -> float:
    """Wall-clock time of a call, with the work that it queued on the GPU."""
    _wait_for(device)
    start = time.perf_counter()
    run()
    _wait_for(device)
    return time.perf_counter() - start


def table(rows: list[Row]) -> str:
    """Names and values in two aligned columns."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:{width}}  {value}" for name, value in rows)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Limit PyTorch to `count` threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _split_name(processes: int, threads_each: int) -> str:
    return f"{processes} process{'es' * (processes > 1)} × {threads_each} thread{'s' * (threads_each > 1)}"


def _rate(images: float) -> str:
    return f"{images:,.0f} images/s"
