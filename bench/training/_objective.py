"""What a training minimises: the task's loss and, with a teacher, the distance to the teacher's outputs too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from bench.task import Task
from bench.training.distillation import Distillation
from bench.training.recipe import Recipe

Objective = Callable[[Any, Any, torch.Tensor], torch.Tensor]  # outputs, targets, images


def objective(task: Task, recipe: Recipe, teacher: nn.Module | None, distillation: Distillation | None) -> Objective:
    """The loss of a batch, a scalar, from a network's outputs, its targets and images (b, C, H, W).

    Args:
        teacher: on the images' device; put into eval mode.
        distillation: default `Distillation()`.
    """

    def from_targets(outputs: Any, targets: Any, images: torch.Tensor) -> torch.Tensor:
        return task.loss(outputs, targets, label_smoothing=recipe.label_smoothing)

    if teacher is None:
        return from_targets
    teacher.eval()
    settings = distillation or Distillation()

    def from_both(outputs: Any, targets: Any, images: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            lesson = teacher(images)
        imitation = task.imitation_loss(outputs, lesson, temperature=settings.temperature)
        return (1 - settings.weight) * from_targets(outputs, targets, images) + settings.weight * imitation

    return from_both
