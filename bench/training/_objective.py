"""What a training minimises: the task's loss and, with a teacher, the distance to the teacher's outputs too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from bench.task import Task
from bench.training.distillation import Distillation
from bench.training.recipe import Recipe

Objective = Callable[[nn.Module, Any, Any], torch.Tensor]  # network, images, targets


def objective(task: Task, recipe: Recipe, teacher: nn.Module | None, distillation: Distillation | None) -> Objective:
    """The loss of a batch, a scalar, from a network in training mode, images (b, C, H, W) and their targets.

    Args:
        teacher: on the images' device; put into eval mode.
        distillation: default `Distillation()`.
    """

    def from_targets(network: nn.Module, images: torch.Tensor, targets: Any) -> torch.Tensor:
        return task.loss(task.forward(network, images, targets), targets, label_smoothing=recipe.label_smoothing)

    if teacher is None:
        return from_targets
    teacher.eval()
    settings = distillation or Distillation()

    def from_both(network: nn.Module, images: torch.Tensor, targets: Any) -> torch.Tensor:
        outputs = task.forward(network, images, targets)
        with torch.no_grad():
            lesson = teacher(images)
        imitation = task.imitation_loss(outputs, lesson, temperature=settings.temperature)
        loss = task.loss(outputs, targets, label_smoothing=recipe.label_smoothing)
        return (1 - settings.weight) * loss + settings.weight * imitation

    return from_both
