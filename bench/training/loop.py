"""The training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import nn

from bench.errors import InputError
from bench.task import Task
from bench.task.classification import CLASSIFICATION
from bench.training._epochs import AfterEpoch, Diverged, Keeper, Tell, run_epochs
from bench.training._machinery import machinery
from bench.training._ranks import CannotSpread, Share, check, gathered
from bench.training._surroundings import layout_of, repeatable, to_training_mode, training_mode
from bench.training.arithmetic import check as check_arithmetic
from bench.training.checkpoints import Checkpoints, Saver, State, identity, put_back
from bench.training.distillation import Distillation
from bench.training.evaluate import predict
from bench.training.hooks import Hook, all_on_tensors, nothing, plain_values
from bench.training.optimizer import make_optimizer
from bench.training.recipe import Recipe

if TYPE_CHECKING:
    from bench.data import Split

__all__ = ["CannotSpread", "Diverged", "History", "Watch", "train"]

History = tuple[dict[str, float], ...]
Watch = Callable[[Mapping[str, float], float, nn.Module], None]  # row of the history, images per second, network


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
    watch: Watch | None = None,
    each_epoch: AfterEpoch | None = None,
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
        watch: called after each epoch with its row of the history, images per second and the network, to look at.
        each_epoch: called after each epoch with its number and the network, if the recipe says `keep_epochs`. After an
            interruption it may be called again for the epoch before.

    Returns:
        One row per epoch: epoch (from 1), loss (mean of its steps), learning_rate (of its last step) and, with
        `validation`, the primary metric on it, such as validation_accuracy (0 to 1), and the task's merit if it has one
        besides, such as validation_box_ap+mask_ap.

    Raises:
        Diverged: the loss or a weight is no longer finite.
        CannotSpread: the recipe's devices cannot share this training.
        RankDied: the process of one of them ended.
        InputError: the recipe keeps the best network without `validation`, the images are too small for its
            crop_padding, or this machine cannot compute in its precision or compile.
    """
    if recipe.keep == "best" and validation is None:
        raise InputError('keep = "best" needs validation images to choose by')
    device, hooks = torch.device(device), (before_step, after_step)
    check_arithmetic(recipe, device)
    if recipe.devices > 1:
        check(network, recipe, len(split.images), device, hooks)
    layout = layout_of(network.to(device), split, device)
    with repeatable(seed, device), training_mode(network, layout, recipe):
        optimizer = make_optimizer(network, recipe, parameters)
        share = Share(
            network=network,
            split=split,
            recipe=recipe,
            mean=mean,
            std=std,
            seed=seed,
            device=str(device),
            teacher=teacher,
            distillation=distillation,
            task=task,
            hooked=any(hooks),
            trained=_names(network, optimizer),
            threads=torch.get_num_threads(),
        )
        saver = _saver(checkpoints, share, optimizer, device, hooks)
        state = State(0, torch.zeros((), device=device))
        if saver is not None:
            saver.load(state)
        measure = partial(_validation, network, validation, mean, std, device, task, recipe) if validation else dict
        each = each_epoch if recipe.keep_epochs and each_epoch else nothing
        keeper = Keeper(network, _merit(task) if recipe.keep == "best" else "", saver, each)
        with gathered(share, optimizer, state.step) as team:
            step, batches = machinery(
                share, network, optimizer, device, layout, team, before_step=before_step, after_step=after_step
            )
            run_epochs(step, batches, state, keeper, measure, _told(network, progress or nothing, watch or nothing))
        if state.best:
            put_back(network, state.best)
    _check_weights(network, recipe)
    return tuple(state.history)


def _told(network: nn.Module, progress: Callable[[int, int, float], None], watch: Watch) -> Tell:
    def tell(row: Mapping[str, float], epochs: int, images_per_second: float) -> None:
        watch(row, images_per_second, network)
        progress(int(row["epoch"]), epochs, row["loss"])

    return tell


def _names(network: nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    """Of the parameters that are trained, in the optimizer's order."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return [names.get(id(parameter), "") for group in optimizer.param_groups for parameter in group["params"]]


def _saver(
    checkpoints: Checkpoints | None,
    share: Share,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
    hooks: tuple[Hook | None, ...],
) -> Saver | None:
    """Keeps the states of a training that can go on from one; None for any other."""
    file = None if checkpoints is None else checkpoints.next_file()
    if checkpoints is None or file is None or not all_on_tensors(*hooks) or plain_values(share.network) is None:
        return None
    # A state is that of a training that began alike: what came before it in the cell may be no function of the cell.
    which = identity(
        share.network,
        share.teacher,
        settings=[
            asdict(share.recipe),
            share.seed,
            share.distillation and asdict(share.distillation),
            len(share.split.images),
            share.trained,
            device.type,
            share.threads,
            torch.__version__,
        ],
    )
    return Saver(file, which, share.network, optimizer, device, checkpoints.minutes)


def _validation(
    network: nn.Module,
    split: Split,
    mean: Sequence[float],
    std: Sequence[float],
    device: torch.device,
    task: Task,
    recipe: Recipe,
) -> dict[str, float]:
    predictions = predict(network, split.images, mean, std, device, task=task)
    to_training_mode(network, recipe)
    scores = task.score(predictions, split)
    row = {task.primary.validation: scores[task.primary.metric]}
    return {**row, _merit(task): sum(scores.get(name, 0.0) for name in task.merit)} if task.merit else row


def _merit(task: Task) -> str:
    """The column of the history by which the best network is kept."""
    return f"validation_{'+'.join(task.merit)}" if task.merit else task.primary.validation


def _check_weights(network: nn.Module, recipe: Recipe) -> None:
    if not all(torch.isfinite(parameter).all() for parameter in network.parameters()):
        raise Diverged(f"training diverged: weights are not finite, at a peak learning rate of {recipe.learning_rate}")
