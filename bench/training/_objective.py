"""What a training minimises: cross-entropy with the labels and, with a teacher, its logits too."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from bench.training.distillation import Distillation
from bench.training.recipe import Recipe

Objective = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]  # logits, labels, images


def objective(recipe: Recipe, teacher: nn.Module | None, distillation: Distillation | None) -> Objective:
    """The loss of a batch, a scalar, from logits (b, classes), labels (b,) and images (b, C, H, W).

    Args:
        teacher: on the images' device; put into eval mode.
        distillation: default `Distillation()`.
    """

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
