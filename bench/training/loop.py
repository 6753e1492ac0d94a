"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from bench.task import Task
from bench.task.classification import CLASSIFICATION
from bench.training._objective import objective
from bench.training._passes import Passes, Replayed, make_passes
from bench.training.batches import Batches, ResidentBatches
from bench.training.distillation import Distillation
from bench.training.evaluate import predict
from bench.training.layout import computes_channels_last
from bench.training.optimizer import make_optimizer
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule

if TYPE_CHECKING:
    from bench.data import Split

History = tuple[dict[str, float], ...]
Hook = Callable[[int, int], None]  # step, steps


class Diverged(ArithmeticError):
    """The loss or a weight is no longer finite: one sentence says when, and at which learning rate."""


def train(
    network: nn.Module,
    split: Split,
    *,
    recipe: Recipe,
    mean: Sequence[float],
    std: Sequence[float],
    seed: int,
    device: torch.device | str,
    progress: Callable[[int, int, float], None] | None = None,
    validation: Split | None = None,
    parameters: Iterable[nn.Parameter] | None = None,
    before_step: Hook | None = None,
    after_step: Hook | None = None,
    teacher: nn.Module | None = None,
    distillation: Distillation | None = None,
    task: Task = CLASSIFICATION,
) -> History:
    """Train a network in place; it ends on the device, in eval mode.

    The same arguments on the same machine, with the same number of threads, give the same weights to the bit. Order and
    augmentation have a generator to themselves; dropout draws from the global one, which is seeded for the training
    and restored afterwards.

    Args:
        split: training images.
        mean, std: of each channel, on the 0..1 scale.
        progress: called after each epoch with (epoch, epochs, mean loss).
        validation: the task's primary metric is measured on it after each epoch.
        parameters: only these are trained; default all that require a gradient.
        before_step, after_step: called with (step, steps), from 0, before the forward pass and after the update.
        teacher: a trained network on the device, whose outputs the network learns too.
        distillation: how much; default `Distillation()`.
        task: what the network learns.

    Returns:
        One row per epoch: epoch (from 1), loss (mean of its steps), learning_rate (of its last step) and, with
        `validation`, the primary metric on it, such as validation_accuracy (0 to 1).

    Raises:
        Diverged: the loss or a weight is no longer finite.
        InputError: the images are too small for the recipe's crop_padding.
    """
    device = torch.device(device)
    layout = _layout_of(network.to(device), split, device)
    targets = task.targets(split, device)
    batches = ResidentBatches(split, targets, Schedule(len(split.images), recipe), mean, std, seed, device, layout)
    with _repeatable(seed, device), _training_mode(network, layout):
        optimizer = make_optimizer(network, recipe, parameters)
        passes = Passes(network, objective(task, recipe, teacher, distillation), optimizer, device)
        step = _Step(
            make_passes(passes, batches.schedule.steps, teacher),
            optimizer,
            batches.schedule,
            (before_step or _nothing, after_step or _nothing),
        )
        measure = partial(_validation, network, validation, mean, std, device, task) if validation else dict
        history = tuple(_epochs(step, batches, measure, progress or _nothing))
    _check_weights(network, recipe)
    return history


def _epochs(
    step: _Step,
    batches: Batches,
    measure: Callable[[], dict[str, float]],
    progress: Callable[[int, int, float], None],
) -> Iterator[dict[str, float]]:
    schedule = batches.schedule
    for epoch in range(1, schedule.epochs + 1):
        steps = schedule.steps_of(epoch)
        total = torch.zeros((), device=batches.device)
        for number, (images, targets) in zip(steps, batches.epoch(epoch), strict=False):
            total += step(number, images, targets)
        loss, learning_rate = total.item() / len(steps), schedule.learning_rate(steps[-1])
        if not math.isfinite(loss):
            raise Diverged(f"training diverged: loss {loss} in epoch {epoch}, at learning rate {learning_rate:.3g}")
        row = {"epoch": epoch, "loss": loss, "learning_rate": learning_rate}
        row.update(measure())
        progress(epoch, schedule.epochs, loss)
        yield row


@dataclass(frozen=True)
class _Step:
    """One step of training; the call returns its loss, on the device."""

    passes: Passes | Replayed
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    hooks: tuple[Hook, Hook]  # before, after

    def __call__(self, step: int, images: torch.Tensor, targets: Any) -> torch.Tensor:
        before, after = self.hooks
        before(step, self.schedule.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.learning_rate(step)
        loss = self.passes(images, targets)
        self.optimizer.step()
        after(step, self.schedule.steps)
        return loss


@contextmanager
def _repeatable(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the global generators and allow only deterministic algorithms; restore both at the end."""
    gpus = list(range(torch.cuda.device_count())) if device.type == "cuda" else []
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        if gpus:
            torch.cuda.manual_seed_all(seed)
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before


def _layout_of(network: nn.Module, split: Split, device: torch.device) -> torch.memory_format:
    """Channels last if the network computes in it, since that is faster on CPUs too."""
    example = torch.zeros(1, *split.images.shape[1:], device=device)
    return torch.channels_last if computes_channels_last(network, example) else torch.contiguous_format


@contextmanager
def _training_mode(network: nn.Module, layout: torch.memory_format) -> Iterator[None]:
    """Training mode in a layout; afterwards eval mode in the usual one."""
    network.to(memory_format=layout).train()
    try:
        yield
    finally:
        network.to(memory_format=torch.contiguous_format).eval()


def _validation(
    network: nn.Module, split: Split, mean: Sequence[float], std: Sequence[float], device: torch.device, task: Task
) -> dict[str, float]:
    predictions = predict(network, split.images, mean, std, device, task=task)
    network.train()
    return {task.primary.validation: task.score(predictions, split)[task.primary.metric]}


def _check_weights(network: nn.Module, recipe: Recipe) -> None:
    if not all(torch.isfinite(parameter).all() for parameter in network.parameters()):
        raise Diverged(f"training diverged: weights are not finite, at a peak learning rate of {recipe.learning_rate}")


def _nothing(*_: object) -> None:
    pass
