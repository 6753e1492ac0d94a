"""Networks as bytes, with weights that are computed when they are read."""

import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from bench.compress.quantization.inputs import LearnedInput
from bench.compress.quantization.learned import LearnedStep
from bench.footprint.structure import quantized_inputs
from bench.training._passes import can_be_recorded
from bench.training._sending import to_bytes
from bench.training.hooks import plain_values


class Doubled(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return 2 * weight

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        return weight / 2

    def tenth(self, gradient: torch.Tensor) -> torch.Tensor:
        return gradient / 10


def doubled() -> nn.Module:
    layer = nn.Linear(3, 2)
    parametrize.register_parametrization(layer, "weight", Doubled())
    return layer


class Directed(nn.Module):
    def forward(self, direction: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        return direction * length

    def right_inverse(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        length = weight.norm(dim=1, keepdim=True)
        return weight / length, length


def directed() -> nn.Module:
    layer = nn.Linear(3, 2)
    parametrize.register_parametrization(layer, "weight", Directed())
    return layer


def twice() -> nn.Module:
    layer = doubled()
    parametrize.register_parametrization(layer, "weight", Doubled())
    return layer


def quantised() -> nn.Module:
    layer = nn.Linear(3, 2)
    quantized_inputs.attach(layer, LearnedInput(4, offset=True))
    parametrize.register_parametrization(layer, "weight", LearnedStep(layer.weight, 4, per_channel=False))
    return layer


def arrival(network: nn.Module) -> nn.Module:
    received: nn.Module = pickle.loads(to_bytes(network))  # noqa: S301 - from the line before
    return received


@pytest.mark.parametrize("make", [doubled, twice, directed, quantised])
def test_the_same_network_arrives(make):
    torch.manual_seed(0)
    network = nn.Sequential(make(), nn.ReLU(), nn.Linear(2, 2))
    arrived = arrival(network)
    images = torch.randn(5, 3)
    assert torch.equal(arrived(images), network(images))
    assert [name for name, _ in arrived.named_parameters()] == [name for name, _ in network.named_parameters()]
    assert type(arrived[0]).__name__ == type(network[0]).__name__
    arrived(images).sum().backward()
    network(images).sum().backward()
    for ours, theirs in zip(arrived.parameters(), network.parameters(), strict=True):
        assert torch.equal(ours.grad, theirs.grad)


def test_hooks_of_gradients_arrive():
    layer = doubled()
    original = layer.parametrizations.weight.original
    original.register_hook(layer.parametrizations.weight[0].tenth)
    arrived = arrival(layer)
    images = torch.ones(1, 3)
    arrived(images).sum().backward()
    layer(images).sum().backward()
    assert torch.equal(arrived.parametrizations.weight.original.grad, original.grad)
    assert torch.allclose(original.grad, torch.full((2, 3), 0.2))


def test_networks_without_them_are_pickled_as_ever():
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    assert arrival(network).state_dict().keys() == network.state_dict().keys()


def test_quantised_inputs_leave_a_training_free_to_be_recorded_and_resumed():
    network = nn.Sequential(quantised(), nn.ReLU())
    assert can_be_recorded(network)
    assert plain_values(network) is not None
    network[0].register_forward_pre_hook(lambda module, inputs: None)
    assert not can_be_recorded(network)
    assert plain_values(network) is None
