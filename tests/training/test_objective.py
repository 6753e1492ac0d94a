"""Losses by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bench.training._objective import divergence, objective
from bench.training.distillation import Distillation
from bench.training.recipe import Recipe

LOGITS = torch.tensor([[math.log(3.0), 0.0]])  # probabilities 3/4 and 1/4
LABELS = torch.tensor([0])
EVEN = torch.zeros(1, 2)


class Even(nn.Module):
    """Cannot decide."""

    def forward(self, images):
        return EVEN


def test_cross_entropy_with_smoothed_labels():
    plain = objective(Recipe(label_smoothing=0.0), None, None)(LOGITS, LABELS, LOGITS)
    smooth = objective(Recipe(label_smoothing=0.2), None, None)(LOGITS, LABELS, LOGITS)
    assert plain.item() == pytest.approx(-math.log(0.75))
    assert smooth.item() == pytest.approx(-0.9 * math.log(0.75) - 0.1 * math.log(0.25))


def test_divergence_of_equals_is_zero():
    assert divergence(LOGITS, LOGITS + 5, temperature=3).item() == pytest.approx(0, abs=1e-6)


def test_divergence_by_hand():
    expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert divergence(LOGITS, EVEN, temperature=1).item() == pytest.approx(expected)
    assert divergence(2 * LOGITS, EVEN, temperature=2).item() == pytest.approx(4 * expected)


def test_divergence_is_the_mean_over_images():
    two = divergence(torch.cat([LOGITS, EVEN]), torch.cat([EVEN, EVEN]), temperature=1)
    assert two.item() == pytest.approx(divergence(LOGITS, EVEN, temperature=1).item() / 2)


def test_labels_and_teacher_are_weighed():
    loss = objective(Recipe(label_smoothing=0.0), Even(), Distillation(temperature=2, weight=0.25))
    taught = divergence(LOGITS, EVEN, temperature=2).item()
    assert loss(LOGITS, LABELS, LOGITS).item() == pytest.approx(0.75 * -math.log(0.75) + 0.25 * taught)


def test_the_teacher_is_in_eval_mode_and_gets_no_gradient():
    teacher = nn.Linear(2, 2).train()
    logits = LOGITS.clone().requires_grad_()
    objective(Recipe(), teacher, None)(logits, LABELS, torch.zeros(1, 2)).backward()
    assert not teacher.training
    assert teacher.weight.grad is None
    assert logits.grad is not None
