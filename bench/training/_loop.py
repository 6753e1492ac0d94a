"""The training loop: images stay on the device, a step is a gather, a forward and a backward pass, and an update."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench.training._augment import Augmentation
from bench.training._evaluate import Normalise, logits
from bench.training._optimizer import make_optimizer
from bench.training._schedule import Schedule
from bench.training.distillation import Distillation
from bench.training.recipe import Recipe

if TYPE_CHECKING:
    from bench.data import Split

History = tuple[dict[str, float], ...]
Hook = Callable[[int, int], None]  # step, steps
Objective = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]  # logits, labels, images


class Diverged(ArithmeticError):
    """Training left the finite numbers: one sentence says when, and at which learning rate."""


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
) -> History:
    """Train a network in place; it ends on the device, in eval mode.

    The same arguments on the same machine, with the same number of threads, give the same weights to the bit. Order and
    augmentation come from a generator of their own; dropout draws from the global one, which is seeded for the
    training and afterwards is what it was before.

    Args:
        split: training images.
        mean, std: of each channel, on the 0..1 scale.
        progress: called after each epoch with (epoch, epochs, mean loss).
        validation: its accuracy is measured after each epoch.
        parameters: only these are trained; default all that require a gradient.
        before_step, after_step: called with (step, steps), from 0, before the forward pass and after the update.
        teacher: a trained network on the device, whose logits the network learns too.
        distillation: how much; default `Distillation()`.

    Returns:
        A row an epoch: epoch (from 1), loss (mean of its steps), learning_rate (of its last step) and, with
        `validation`, validation_accuracy (0 to 1).

    Raises:
        Diverged: the loss or a weight is no longer finite.
        InputError: the images are too small for the recipe's crop_padding.
    """
    device = torch.device(device)
    batches = _Batches(split, Schedule(len(split.labels), recipe), mean, std, seed, device)
    with _training(network, seed, device):
        step = _Step(
            network,
            make_optimizer(network, recipe, parameters),
            _objective(recipe, teacher, distillation),
            batches.schedule,
            device,
            (before_step or _nothing, after_step or _nothing),
        )
        history = tuple(_epochs(step, batches, validation, progress or _nothing))
    _check_weights(network, recipe)
    return history


def _epochs(
    step: _Step, batches: _Batches, validation: Split | None, progress: Callable[[int, int, float], None]
) -> Iterator[dict[str, float]]:
    schedule = batches.schedule
    for epoch in range(1, schedule.epochs + 1):
        steps = schedule.steps_of(epoch)
        total = torch.zeros((), device=batches.device)
        for number, (images, labels) in zip(steps, batches, strict=False):
            total += step(number, images, labels)
        loss, learning_rate = total.item() / len(steps), schedule.learning_rate(steps[-1])
        if not math.isfinite(loss):
            raise Diverged(f"training diverged: loss {loss} in epoch {epoch}, at learning rate {learning_rate:.3g}")
        row = {"epoch": epoch, "loss": loss, "learning_rate": learning_rate}
        if validation is not None:
            row["validation_accuracy"] = _accuracy(step.network, validation, batches)
        progress(epoch, schedule.epochs, loss)
        yield row


class _Batches:
    """Augmented, normalised batches; each iteration is an epoch in a new order."""

    def __init__(
        self,
        split: Split,
        schedule: Schedule,
        mean: Sequence[float],
        std: Sequence[float],
        seed: int,
        device: torch.device,
    ):
        self.schedule, self.device, self.mean, self.std = schedule, device, mean, std
        self.images = _resident(split.images, device)
        self.labels = _resident(split.labels, device)
        self.generator = torch.Generator().manual_seed(seed)
        self.augment = Augmentation.of(schedule.recipe, mean, split.images.shape[-1])
        self.normalise = Normalise(mean, std, device)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = torch.randperm(len(self.labels), generator=self.generator)
        for chosen in order.split(self.schedule.batch_size)[: self.schedule.steps_per_epoch]:
            images = self.normalise(self.augment(self.images, chosen, self.generator))
            yield images.contiguous(memory_format=torch.channels_last), self.labels[chosen.to(self.device)]


@dataclass(frozen=True)
class _Step:
    """One step of training, which returns its loss, on the device."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    objective: Objective
    schedule: Schedule
    device: torch.device
    hooks: tuple[Hook, Hook]  # before, after

    def __call__(self, step: int, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        before, after = self.hooks
        before(step, self.schedule.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.learning_rate(step)
        self.optimizer.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = self.objective(self.network(images), labels, images)
        loss.backward()
        self.optimizer.step()
        after(step, self.schedule.steps)
        return loss.detach()


def _objective(recipe: Recipe, teacher: nn.Module | None, distillation: Distillation | None) -> Objective:
    def from_labels(logits: torch.Tensor, labels: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)

    if teacher is None:
        return from_labels
    teacher.eval()
    settings = distillation or Distillation()

    def from_both(logits: torch.Tensor, labels: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            lesson = teacher(images)
        taught = divergence(logits, lesson, settings.temperature)
        return (1 - settings.weight) * from_labels(logits, labels, images) + settings.weight * taught

    return from_both


def divergence(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """temperature² · KL(teacher ‖ student) of logits (b, classes) softened by the temperature, mean over the batch."""
    expected = functional.log_softmax(teacher.float() / temperature, dim=1)
    found = functional.log_softmax(student.float() / temperature, dim=1)
    return temperature**2 * functional.kl_div(found, expected, reduction="batchmean", log_target=True)


@contextmanager
def _training(network: nn.Module, seed: int, device: torch.device) -> Iterator[None]:
    """Everything that has to be otherwise while training, and is put back."""
    gpus = range(torch.cuda.device_count()) if device.type == "cuda" else ()
    with torch.random.fork_rng(devices=list(gpus)), torch.backends.cudnn.flags(benchmark=False, deterministic=True):
        torch.default_generator.manual_seed(seed)
        if gpus:
            torch.cuda.manual_seed_all(seed)
        try:
            network.to(device, memory_format=torch.channels_last).train()  # the faster layout on CPUs too
            yield
        finally:
            network.to(memory_format=torch.contiguous_format).eval()


def _resident(array: np.ndarray, device: torch.device) -> torch.Tensor:
    writeable = array if array.flags.writeable else np.array(array)  # torch warns of read-only memory
    return torch.from_numpy(writeable).to(device)


def _accuracy(network: nn.Module, split: Split, batches: _Batches) -> float:
    found = logits(network, split.images, batches.mean, batches.std, batches.device)
    network.train()
    return float(np.mean(found.argmax(1) == split.labels))


def _check_weights(network: nn.Module, recipe: Recipe) -> None:
    if not all(torch.isfinite(parameter).all() for parameter in network.parameters()):
        raise Diverged(f"training diverged: weights are not finite, at a peak learning rate of {recipe.learning_rate}")


def _nothing(*_: object) -> None:
    pass
