"""What takes a training's steps, on each of its devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from bench.training._epochs import Step
from bench.training._objective import objective
from bench.training._passes import Passes, make_passes
from bench.training.batches import Batches, make_batches
from bench.training.feed import Feed
from bench.training.hooks import Hook, nothing
from bench.training.schedule import Schedule

if TYPE_CHECKING:
    from bench.training._ranks import Share
    from bench.training._team import Alone, Team


def machinery(
    share: Share,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
    layout: torch.memory_format,
    team: Alone | Team,
    *,
    rank: int = 0,
    before_step: Hook | None = None,
    after_step: Hook | None = None,
) -> tuple[Step, Batches]:
    """What takes a step, and the batches that it takes, of a training as a share describes it.

    Args:
        network, optimizer: on the device.
        team: the ranks that share each step.
        before_step, after_step: hooks, on rank 0.
    """
    schedule = Schedule(len(share.split.images), share.recipe)
    targets = share.task.targets(share.split, device)
    batches = make_batches(
        Feed(share.split, targets, schedule, share.mean, share.std, share.seed, device, layout, rank)
    )
    teacher = None if share.teacher is None else share.teacher.to(device)
    passes = Passes(
        network,
        objective(share.task, share.recipe, teacher, share.distillation),
        optimizer,
        device,
        bfloat16=share.recipe.precision == "bfloat16",
        compiled=share.recipe.compile,
    )
    hooks = before_step or nothing, after_step or nothing
    return Step(make_passes(passes, schedule.steps, teacher), optimizer, schedule, hooks, team), batches
