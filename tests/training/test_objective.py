"""Losses by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bench.task.classification import Classification
from bench.training._objective import objective
from bench.training.distillation import Distillation
from bench.training.recipe import Recipe

LOGITS = torch.tensor([[math.log(3.0), 0.0]])  # probabilities 3/4 and 1/4
LABELS = torch.tensor([0])
EVEN = torch.zeros(1, 2)


class Certain(nn.Module):
    """Always answers the same."""

    def forward(self, images):
        return LOGITS


class Even(nn.Module):
    """Cannot decide."""

    def forward(self, images):
        return EVEN


def test_cross_entropy_with_smoothed_labels():
    plain = objective(Classification(), Recipe(label_smoothing=0.0), None, None)(Certain(), LOGITS, LABELS)
    smooth = objective(Classification(), Recipe(label_smoothing=0.2), None, None)(Certain(), LOGITS, LABELS)
    assert plain.item() == pytest.approx(-math.log(0.75))
    assert smooth.item() == pytest.approx(-0.9 * math.log(0.75) - 0.1 * math.log(0.25))


def test_labels_and_teacher_are_weighed():
    loss = objective(Classification(), Recipe(label_smoothing=0.0), Even(), Distillation(temperature=2, weight=0.25))
    taught = Classification().imitation_loss(LOGITS, EVEN, temperature=2).item()
    assert loss(Certain(), LOGITS, LABELS).item() == pytest.approx(0.75 * -math.log(0.75) + 0.25 * taught)


def test_the_teacher_is_in_eval_mode_and_gets_no_gradient():
    teacher = nn.Linear(2, 2).train()
    student = nn.Linear(2, 2)
    objective(Classification(), Recipe(), teacher, None)(student, torch.zeros(1, 2), LABELS).backward()
    assert not teacher.training
    assert teacher.weight.grad is None
    assert student.bias.grad is not None
