"""The training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from bench.errors import InputError
from bench.task import Task
from bench.task.classification import CLASSIFICATION
from bench.training._epochs import Diverged, Keeper, Step, run_epochs
from bench.training._objective import objective
from bench.training._passes import Passes, make_passes
from bench.training.batches import make_batches
from bench.training.checkpoints import Checkpoints, Saver, State, identity, put_back
from bench.training.distillation import Distillation
from bench.training.evaluate import predict
from bench.training.hooks import Hook, all_on_tensors, plain_values
from bench.training.layout import computes_channels_last
from bench.training.optimizer import make_optimizer
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule

if TYPE_CHECKING:
    from bench.data import Split

__all__ = ["Diverged", "History", "train"]

History = tuple[dict[str, float], ...]


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
    checkpoints: Checkpoints | None = None,
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
        checkpoints: where states of the training are kept, to go on from after an interruption. A training whose hooks
            or network may remember more than tensors keeps none, and starts again.

    Returns:
        One row per epoch: epoch (from 1), loss (mean of its steps), learning_rate (of its last step) and, with
        `validation`, the primary metric on it, such as validation_accuracy (0 to 1).

    Raises:
        Diverged: the loss or a weight is no longer finite.
        InputError: the recipe keeps the best network without `validation`, or the images are too small for its
            crop_padding.
    """
    if recipe.keep == "best" and validation is None:
        raise InputError('keep = "best" needs validation images to choose by')
    device = torch.device(device)
    layout = _layout_of(network.to(device), split, device)
    targets = task.targets(split, device)
    batches = make_batches(split, targets, Schedule(len(split.images), recipe), mean, std, seed, device, layout)
    with _repeatable(seed, device), _training_mode(network, layout):
        optimizer = make_optimizer(network, recipe, parameters)
        passes = Passes(network, objective(task, recipe, teacher, distillation), optimizer, device)
        step = Step(
            make_passes(passes, batches.schedule.steps, teacher),
            optimizer,
            batches.schedule,
            (before_step or _nothing, after_step or _nothing),
        )
        settings = [asdict(recipe), seed, distillation and asdict(distillation), batches.schedule.images, device.type]
        saver = _saver(checkpoints, network, optimizer, device, (before_step, after_step), teacher, settings)
        state = State(0, torch.zeros((), device=device))
        if saver is not None:
            saver.load(state)
        measure = partial(_validation, network, validation, mean, std, device, task) if validation else dict
        keeper = Keeper(network, task.primary.validation if recipe.keep == "best" else "", saver)
        run_epochs(step, batches, state, keeper, measure, progress or _nothing)
        if state.best:
            put_back(network, state.best)
    _check_weights(network, recipe)
    return tuple(state.history)


def _saver(
    checkpoints: Checkpoints | None,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
    hooks: tuple[Hook | None, ...],
    teacher: nn.Module | None,
    settings: list[Any],
) -> Saver | None:
    """Keeps the states of a training that can go on from one; None for any other."""
    file = None if checkpoints is None else checkpoints.next_file()
    if checkpoints is None or file is None or not all_on_tensors(*hooks) or plain_values(network) is None:
        return None
    # A state is that of a training that began alike: what came before it in the cell may be no function of the cell.
    trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    names = [name for name, parameter in network.named_parameters() if id(parameter) in trained]
    circumstances = [*settings, names, torch.__version__, torch.get_num_threads()]
    which = identity(network, teacher, settings=circumstances)
    return Saver(file, which, network, optimizer, device, checkpoints.minutes)


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
