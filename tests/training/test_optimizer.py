"""The optimizers of recipes, beside steps by hand and torch's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

from bench.compress.pruning.soft_threshold import SoftThresholds
from bench.compress.quantization.inputs import ClippedInput, LearnedInput
from bench.compress.quantization.learned import LearnedStep
from bench.training.optimizer import decaying, make_optimizer
from bench.training.recipe import Recipe


class Quantised(nn.Module):
    """A layer beside a scale per channel, as quantisers have it."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.scale = nn.Parameter(torch.ones(3, 1, 1, 1))


def decaying_names(network: nn.Module) -> set[str]:
    chosen = {id(parameter) for parameter in decaying(network)}
    return {name for name, parameter in network.named_parameters() if id(parameter) in chosen}


def test_weights_of_convolutions_and_linear_layers_alone_decay():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.PReLU(2), nn.Flatten(), nn.Linear(2, 2))
    assert decaying_names(network) == {"0.weight", "4.weight"}
    assert decaying_names(Quantised()) == {"conv.weight"}


def test_pruned_weights_decay_too():
    conv = nn.Conv2d(1, 2, 3)
    prune.l1_unstructured(conv, "weight", 0.5)
    assert decaying_names(conv) == {"weight_orig"}


class Clip(nn.Module):
    decayed = ("limit", "no_parameter")

    def __init__(self):
        super().__init__()
        self.limit, self.other = (nn.Parameter(torch.ones(1)) for _ in range(2))
        self.no_parameter = torch.ones(1)


class Doubled(nn.Module):
    def __init__(self, decayed):
        super().__init__()
        self.decayed, self.scale = decayed, nn.Parameter(torch.full((1,), 2.0))

    def forward(self, weight):
        return self.scale * weight


def test_what_a_methods_modules_name_decays_too():
    assert decaying_names(nn.Sequential(Clip(), nn.ReLU())) == {"0.limit"}
    conv = nn.Conv2d(1, 2, 3)
    parametrize.register_parametrization(conv, "weight", Doubled(("original",)))
    assert decaying_names(conv) == {"parametrizations.weight.original"}
    plain = nn.Conv2d(1, 2, 3)
    parametrize.register_parametrization(plain, "weight", Doubled(()))
    assert decaying_names(plain) == set()


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


def two_steps(optimizer: torch.optim.Optimizer, layer: nn.Linear) -> list[float]:
    for gradient in (1.0, -0.5):
        layer.weight.grad = torch.full((1, 1), gradient)
        layer.bias.grad = torch.full((1,), gradient)
        optimizer.step()
    return [layer.weight.item(), layer.bias.item()]


def one_by_one() -> nn.Linear:
    layer = nn.Linear(1, 1)
    layer.weight.data.fill_(1.0)
    layer.bias.data.fill_(2.0)
    return layer


@pytest.mark.parametrize(
    ("recipe", "theirs"),
    [
        # pca-compress trains by torchvision's ImageNet reference, PQF by plain Adam
        (
            Recipe(nesterov=False, decay="all", weight_decay=0.2, learning_rate=0.1),
            lambda parameters: torch.optim.SGD(parameters, 0.1, momentum=0.9, weight_decay=0.2),
        ),
        (
            Recipe(optimizer="adam", decay="all", weight_decay=0.2, learning_rate=0.1),
            lambda parameters: torch.optim.Adam(parameters, 0.1, weight_decay=0.2),
        ),
        (
            Recipe(optimizer="adamw", decay="all", weight_decay=0.2, learning_rate=0.1),
            lambda parameters: torch.optim.AdamW(parameters, 0.1, weight_decay=0.2),
        ),
        (
            Recipe(optimizer="adadelta", decay="all", weight_decay=0.0, learning_rate=1.0),
            lambda parameters: torch.optim.Adadelta(parameters, 1.0),
        ),
    ],
)
def test_published_optimizers_are_torchs(recipe, theirs):
    ours, reference = one_by_one(), one_by_one()
    assert two_steps(make_optimizer(ours, recipe), ours) == two_steps(theirs(reference.parameters()), reference)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    layer = one_by_one()
    optimizer = make_optimizer(layer, Recipe(optimizer="adam", weight_decay=0.0, learning_rate=0.01))
    layer.weight.grad, layer.bias.grad = torch.full((1, 1), 1e-3), torch.full((1,), -5.0)
    optimizer.step()
    assert layer.weight.item() == pytest.approx(0.99, abs=1e-6)
    assert layer.bias.item() == pytest.approx(2.01, abs=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "adadelta"])
def test_biases_decay_only_where_all_parameters_do(name):
    recipe = Recipe(optimizer=name, weight_decay=0.5)
    decays = [group["weight_decay"] for group in make_optimizer(one_by_one(), recipe).param_groups]
    assert decays == [0.5, 0.0]
    (group,) = make_optimizer(one_by_one(), replace(recipe, decay="all")).param_groups
    assert group["weight_decay"] == 0.5
    assert len(group["params"]) == 2


def test_weights_of_frozen_batch_norms_are_not_trained():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1, bias=False))
    sizes = {
        kind: sum(len(group["params"]) for group in make_optimizer(network, Recipe(batch_norm=kind)).param_groups)
        for kind in ("trained", "frozen")
    }
    assert sizes == {"trained": 5, "frozen": 3}


def test_steps_and_thresholds_of_methods_never_decay_unless_they_say_so():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    own = dict(network.named_parameters())
    parametrize.register_parametrization(network[0], "weight", LearnedStep(network[0].weight, 4, per_channel=False))
    network.append(LearnedInput(4))
    network.append(ClippedInput(4, 1.0, trained=True))
    thresholds = SoftThresholds(network, -10.0, 1e-2)
    groups = make_optimizer(network, Recipe(decay="all", weight_decay=0.1)).param_groups
    still = [id(parameter) for group in groups if not group["weight_decay"] for parameter in group["params"]]
    names = {name for name, parameter in network.named_parameters() if id(parameter) in still}
    assert names == {"0.parametrizations.weight.0.step", "5.step", thresholds.attribute}
    assert len(still) + len(own) + 1 == len(list(network.parameters()))  # PACT's limit decays
