"""Training, evaluation and a look inside: float32 and bfloat16, eager and compiled, beside the matrix product's rate.

Each rate is a share of what the machine multiplies in the same precision, measured in the same round.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from bench.diagnose.explanations.attribution import How, integrated_gradients
from bench.speed.training import (
    CHANNELS,
    CLASSES,
    MEAN,
    ON_CPU,
    ON_GPU,
    SIZE,
    STD,
    Workload,
    flop_per_image,
    matrix_product_rate,
    noise,
    seconds,
    threads,
)
from bench.task.classification import CLASSIFICATION
from bench.training import translation
from bench.training.arithmetic import computes_bfloat16, has_compiler
from bench.training.evaluate import predict
from bench.training.loop import train

ROUNDS = 3  # of all modes in turn; medians are shown
LOOKED_AT = 32  # images
HEAD = ("", "images/s", "of the matrix product's rate")


@dataclass(frozen=True)
class TimedWork:
    """One kind of work in one mode.

    Attributes:
        rate: works, and returns images per second.
        flop: of one image, a multiply-add counting as two.
    """

    name: str
    workload: Workload
    rate: Callable[[], float]
    flop: float


def main() -> None:
    """Print the comparison; a few minutes on one thread."""
    workload = ON_GPU if torch.cuda.is_available() else ON_CPU
    with threads(1):
        rows = compare(modes(workload))
    where = torch.cuda.get_device_name() if workload.device.type == "cuda" else "CPU, one thread"
    print(f"{workload.model} on {SIZE}×{SIZE} images ({where}, batch {workload.recipe.batch_size})")
    print(columns([HEAD, *rows]))


def modes(workload: Workload) -> list[Workload]:
    """The workload in every precision, eager and compiled, that this machine has."""
    precisions = ["float32", "bfloat16"] if computes_bfloat16(workload.device) else ["float32"]
    compiled = [False, True] if has_compiler() else [False]
    return [replace(workload, precision=name, compiled=how) for how in compiled for name in precisions]  # type: ignore[arg-type]


def compare(workloads: list[Workload]) -> list[tuple[str, str, str]]:
    """For each kind of work and mode the images per second, and the share of the matrix product's rate."""
    trials = [kind(workload) for kind in (training, evaluation, looking) for workload in workloads]
    trials = [trial for trial in trials if trial.name]
    rates: dict[str, list[float]] = {trial.name: [] for trial in trials}
    shares: dict[str, list[float]] = {trial.name: [] for trial in trials}
    for _ in range(ROUNDS):
        products = {workload.precision: matrix_product_rate(workload) for workload in workloads}
        for trial in trials:
            rate = trial.rate()
            rates[trial.name].append(rate)
            shares[trial.name].append(rate * trial.flop / products[trial.workload.precision])
    return [
        (name, f"{statistics.median(rates[name]):,.0f}", f"{100 * statistics.median(shares[name]):.0f} %")
        for name in rates
    ]


def training(workload: Workload) -> TimedWork:
    """The second epoch of this project's loop: in the first, networks are compiled."""
    network, split, recipe = workload.network(), noise(workload.images), replace(workload.recipe, epochs=2)

    def rate() -> float:
        rates: list[float] = []
        train(
            network,
            split,
            recipe=recipe,
            mean=MEAN,
            std=STD,
            seed=0,
            device=workload.device,
            watch=lambda row, images_per_second, _: rates.append(images_per_second),
        )
        return rates[-1]

    return TimedWork(f"training, {_mode(workload)}", workload, rate, flop_per_image(replace(workload, compiled=False)))


def evaluation(workload: Workload) -> TimedWork:
    """Predictions, as cells make them in float32."""
    network = workload.network().eval()
    read: nn.Module = translation.compiled.Compiled(network) if workload.compiled else network
    pixels = noise(workload.images).images

    def run() -> object:
        with _in(workload):
            return predict(read, pixels, MEAN, STD, workload.device, task=CLASSIFICATION)

    run()
    return TimedWork(
        f"evaluation, {_mode(workload)}",
        workload,
        lambda: workload.images / seconds(run, workload.device),
        forward_flop(network, workload),
    )


def looking(workload: Workload) -> TimedWork:
    """Integrated gradients; not compiled, since most looks hook into layers."""
    network = workload.network().eval()
    images = torch.randn(LOOKED_AT, CHANNELS, SIZE, SIZE, device=workload.device)
    targets = torch.from_numpy(np.arange(LOOKED_AT) % CLASSES).to(workload.device)
    how = How()

    def run() -> object:
        with _in(workload):
            return integrated_gradients(network, images, targets, how)

    run()
    # Each step is a pass forward and one back to the image, which has as many operations: no weight has a gradient.
    flop = how.steps * 2 * forward_flop(network, workload)
    name = "" if workload.compiled else f"integrated gradients, {_mode(workload)}"
    return TimedWork(name, workload, lambda: LOOKED_AT / seconds(run, workload.device), flop)


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Names to the left, numbers to the right."""
    name, *numbers = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(
        "  ".join(["", f"{row[0]:{name}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], numbers, strict=True))])
        for row in rows
    )


def _mode(workload: Workload) -> str:
    return f"{workload.precision}{', compiled' if workload.compiled else ''}"


def _in(workload: Workload) -> AbstractContextManager[object]:
    return torch.autocast(workload.device.type, torch.bfloat16, enabled=workload.precision == "bfloat16")


def forward_flop(network: nn.Module, workload: Workload) -> float:
    """Operations of one image's pass forward, a multiply-add counting as two."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, CHANNELS, SIZE, SIZE, device=workload.device))
    return float(counter.get_total_flops())
