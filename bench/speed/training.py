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

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from bench.data import Split
from bench.speed._plain_loop import TransformedImages, make_loader, train_epoch
from bench.task.classification import CLASSIFICATION
from bench.training.batches import Batches
from bench.training.loop import train
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule
from bench.zoo.networks.build import build
from bench.zoo.networks.catalogue import recipe as recipe_of

ROUNDS = 3  # of each loop in turn; medians are shown
CLASSES, CHANNELS, SIZE = 10, 3, 32
MEAN = STD = (0.5,) * CHANNELS
Row = tuple[str, str]


@dataclass(frozen=True)
class Setting:
    """What is trained, and where.

    Args:
        model: of the zoo.
        images: trained on in one timing.
        matrix: side of the matrices whose product is the machine's rate.
    """

    model: str
    device: torch.device
    images: int
    matrix: int

    @property
    def recipe(self) -> Recipe:
        """The model's own, for one epoch."""
        return replace(recipe_of(self.model), epochs=1)

    def network(self) -> nn.Module:
        """A fresh one, on the device."""
        return build(self.model, CHANNELS, CLASSES, SIZE, seed=0).to(self.device)


ON_CPU = Setting("resnet20", torch.device("cpu"), images=1280, matrix=1024)
ON_GPU = Setting("resnet18", torch.device("cuda"), images=51_200, matrix=8192)


def main() -> None:
    """Print the comparison; under two minutes on two cores."""
    on_gpu = torch.cuda.is_available()
    setting = ON_GPU if on_gpu else ON_CPU
    with threads(1):
        rows = compare(setting)
    if not on_gpu:
        rows += [(_split_name(*split), _rate(split_rate(setting, *split))) for split in splits(os.cpu_count() or 1)]
    where = torch.cuda.get_device_name() if on_gpu else "CPU, one thread"
    print(f"Training {setting.model} on {SIZE}×{SIZE} images ({where}, batch {setting.recipe.batch_size})")
    print(table(rows))


def compare(setting: Setting) -> list[Row]:
    """Both loops in turn, the input pipeline alone, and the share of the matrix-product rate."""
    split = noise(setting.images)
    loops = ours(setting, split), plain(setting, split)
    rounds = [tuple(setting.images / seconds(loop, setting.device) for loop in loops) for _ in range(ROUNDS)]
    own, other = (statistics.median(column) for column in zip(*rounds, strict=True))
    pipeline = statistics.median(seconds(input_pipeline(setting, split), setting.device) for _ in range(ROUNDS))
    product = matrix_product_rate(setting)
    return [
        ("this loop", _rate(own)),
        ("plain DataLoader loop", _rate(other)),
        ("ratio", f"{statistics.median(a / b for a, b in rounds):.2f}"),
        ("input pipeline", f"{100 * pipeline * own / setting.images:.2f} % of a step"),
        ("matrix product", f"{product / 1e9:,.0f} GFLOP/s"),
        ("forward and backward", f"{100 * own * flop_per_image(setting) / product:.0f} % of the matrix product's rate"),
    ]


def ours(setting: Setting, split: Split) -> Callable[[], object]:
    """One epoch of this loop, after a step to warm up."""
    network = setting.network()

    def epoch(recipe: Recipe = setting.recipe) -> object:
        return train(network, split, recipe=recipe, mean=MEAN, std=STD, seed=0, device=setting.device)

    epoch(replace(setting.recipe, epochs=setting.recipe.batch_size / setting.images))
    return epoch


def plain(setting: Setting, split: Split) -> Callable[[], object]:
    """One epoch of the plain loop, after a batch to warm up."""
    network, recipe, device = setting.network(), setting.recipe, setting.device
    loader = make_loader(TransformedImages(split, recipe, MEAN, STD), recipe, device)
    images, labels = next(iter(loader))
    functional.cross_entropy(network.train()(images.to(device)), labels.to(device)).backward()
    return lambda: train_epoch(network, loader, recipe, device)


def input_pipeline(setting: Setting, split: Split) -> Callable[[], object]:
    """An epoch of batches that nobody trains on."""
    batches = Batches(
        split,
        CLASSIFICATION.targets(split, setting.device),
        Schedule(setting.images, setting.recipe),
        MEAN,
        STD,
        0,
        setting.device,
    )
    return lambda: [images.shape for images, _ in batches]


def flop_per_image(setting: Setting) -> float:
    """Of one forward and one backward pass, a multiply-add being two, as if every convolution were computed directly.

    Winograd's algorithm multiplies less, so that a share of more than 100 % of the matrix product's rate is possible.
    """
    network = setting.network().train()
    batch = 2  # batch norm needs more than one
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(batch, CHANNELS, SIZE, SIZE, device=setting.device)).sum().backward()
    return counter.get_total_flops() / batch


def matrix_product_rate(setting: Setting) -> float:
    """FLOP/s of a square product: float32 on a CPU, bfloat16 on a GPU, which is what each trains in."""
    dtype = torch.bfloat16 if setting.device.type == "cuda" else torch.float32
    matrix = torch.randn(setting.matrix, setting.matrix, device=setting.device).to(dtype)
    times = [seconds(lambda: matrix @ matrix, setting.device) for _ in range(20)]
    return 2 * setting.matrix**3 / statistics.median(times)


def splits(cores: int) -> list[tuple[int, int]]:
    """Processes and threads of each that together use all cores."""
    return [(cores // threads, threads) for threads in range(1, cores + 1) if cores % threads == 0]


def split_rate(setting: Setting, processes: int, threads_each: int) -> float:
    """Images per second of all processes together, each training a network of its own at the same time."""
    context = multiprocessing.get_context("spawn")
    barrier, rates = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=_train_beside_others, args=(setting, threads_each, barrier, rates))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    total = sum(rates.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    return total


def _train_beside_others(setting: Setting, threads_each: int, barrier: Barrier, rates: Queue[float]) -> None:
    torch.set_num_threads(threads_each)
    epoch = ours(setting, noise(setting.images))
    barrier.wait(timeout=120)
    rates.put(setting.images / seconds(epoch, setting.device))


def noise(count: int) -> Split:
    """Random images, (count, 3, 32, 32) uint8: speed does not depend on what is on them."""
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(count, CHANNELS, SIZE, SIZE), dtype=np.uint8)
    return Split(images, generator.integers(CLASSES, size=count))


def seconds(run: Callable[[], object], device: torch.device) -> float:
    """Wall-clock time of a call, work that it left to the GPU included."""
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
    """Compute with so many threads, then with as many as before."""
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
