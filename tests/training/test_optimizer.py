"""Where weight decay goes, and that a step is the textbook's."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import prune

from bench.training.loop import decaying, make_optimizer
from bench.training.recipe import Recipe


class Quantised(nn.Module):
    """A layer beside a scale per channel, as quantisers have it."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.scale = nn.Parameter(torch.ones(3, 1, 1, 1))


def names(network: nn.Module) -> set[str]:
    chosen = {id(parameter) for parameter in decaying(network)}
    return {name for name, parameter in network.named_parameters() if id(parameter) in chosen}


def test_weights_of_convolutions_and_linear_layers_alone_decay():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.PReLU(2), nn.Flatten(), nn.Linear(2, 2))
    assert names(network) == {"0.weight", "4.weight"}
    assert names(Quantised()) == {"conv.weight"}


def test_pruned_weights_decay_too():
    conv = nn.Conv2d(1, 2, 3)
    prune.l1_unstructured(conv, "weight", 0.5)
    assert names(conv) == {"weight_orig"}


def test_every_parameter_is_in_one_group():
    network = Quantised()
    groups = make_optimizer(network, Recipe(weight_decay=0.1)).param_groups
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0]
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


def test_frozen_parameters_are_left_out():
    network = Quantised()
    network.scale.requires_grad_(False)
    _, others = make_optimizer(network, Recipe()).param_groups
    assert [parameter.shape for parameter in others["params"]] == [(3,)]
    assert len(make_optimizer(network, Recipe(), [network.conv.weight]).param_groups) == 1


def test_two_steps_by_hand():
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1.0)
    optimizer = make_optimizer(layer, Recipe(learning_rate=0.1, momentum=0.5, weight_decay=0.2))
    for _ in range(2):
        layer.weight.grad = torch.ones(1, 1)
        optimizer.step()
    # Nesterov: gradient g = 1 + 0.2 w, velocity v = 0.5 v + g, step 0.1 (g + 0.5 v).
    first = 1 - 0.1 * (1.2 + 0.5 * 1.2)
    gradient = 1 + 0.2 * first
    second = first - 0.1 * (gradient + 0.5 * (0.5 * 1.2 + gradient))
    torch.testing.assert_close(layer.weight.item(), second)


def test_without_momentum():
    layer = nn.Linear(1, 1, bias=False)
    assert make_optimizer(layer, Recipe(momentum=0.0)).param_groups[0]["nesterov"] is False
