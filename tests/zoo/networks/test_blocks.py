"""Block outputs of the zoo, of torchvision and of networks of all kinds."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.errors import InputError
from bench.zoo.networks.blocks import block_outputs
from bench.zoo.networks.build import build
from bench.zoo.networks.catalogue import classifiers

TORCHVISION = (
    "resnet18", "resnet50", "vgg16_bn", "mobilenet_v2", "mobilenet_v3_small", "densenet121", "efficientnet_b0",
    "googlenet", "convnext_tiny",
)  # fmt: skip


def test_resnet8():
    assert block_outputs(build("resnet8", 1, 10, 8, seed=0)) == ("relu", "layer1.0", "layer2.0", "layer3.0")


def test_mobilenet_small():
    found = block_outputs(build("mobilenet-small", 1, 10, 8, seed=0))
    assert found == ("features.0.2", "features.1", "features.2", "features.3", "features.4")


def test_vgg_is_looked_at_after_each_activation():
    assert block_outputs(build("vgg16-bn", 3, 10, 32, seed=0))[:3] == ("features.2", "features.5", "features.9")


def test_dense_blocks_and_the_activations_between():
    found = block_outputs(build("torchvision:densenet121", 3, 10, 32, seed=0))
    assert found[:3] == ("features.relu0", "features.denseblock1", "features.transition1.relu")


@pytest.mark.parametrize("name", [*classifiers(), *(f"torchvision:{name}" for name in TORCHVISION)])
def test_each_is_called_once_in_order_and_gives_a_tensor(name):
    size = 64 if name == "torchvision:vgg16_bn" else 32
    network = build(name, 3, 10, size, seed=0)
    blocks = block_outputs(network)
    called = []

    def note(block: str):
        def hook(module: nn.Module, inputs: object, output: object) -> None:
            assert isinstance(output, torch.Tensor)
            called.append(block)

        return hook

    for block in blocks:
        network.get_submodule(block).register_forward_hook(note(block))
    with torch.no_grad():
        network(torch.zeros(1, 3, size, size))
    assert len(blocks) >= (3 if name == "mnist-cnn" else 4)  # it has three activations
    assert tuple(called) == blocks


def test_the_network_stays_in_its_mode():
    network = build("resnet8", 1, 10, 8, seed=0)
    block_outputs(network)
    assert not network.training
    network.train().layer1.eval()
    block_outputs(network, torch.zeros(1, 1, 8, 8))
    assert network.training and network.layer2.training and not network.layer1.training


class Reused(nn.Module):
    """Registers its modules in another order than it calls them, and calls one of them twice."""

    def __init__(self):
        super().__init__()
        self.last, self.first, self.twice, self.never = nn.ReLU(), nn.GELU(), nn.ReLU(), nn.ReLU()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x):
        return self.last(self.twice(self.conv(self.twice(self.first(x)))))


def test_order_and_number_of_calls_are_the_forward_passs():
    assert block_outputs(Reused()) == ("first", "last")


class Residual(nn.Sequential):
    """A sequence with a forward pass of its own: a block, not a container."""

    def forward(self, x):
        return x + super().forward(x)


def test_a_sequence_with_a_forward_pass_of_its_own_is_one_block():
    network = nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()), Residual(nn.Conv2d(1, 1, 1), nn.ReLU()))
    assert block_outputs(network) == ("0.1", "1")


class Untraceable(nn.Module):
    """Its forward pass depends on the data."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.ReLU(), nn.ReLU()])

    def forward(self, x):
        for block in self.blocks:
            x = block(x) if x.sum() > 0 else x
        return x


def test_what_cannot_be_traced_keeps_the_order_of_registration():
    assert block_outputs(Untraceable()) == ("blocks.0", "blocks.1")


def test_a_network_may_name_its_blocks():
    network = build("resnet8", 1, 10, 8, seed=0)
    network.block_names = ["layer1", "layer2"]
    assert block_outputs(network) == ("layer1", "layer2")
    network.block_names = ["layer9"]
    with pytest.raises(InputError, match="no module 'layer9': did you mean 'layer"):
        block_outputs(network)


def test_functions_between_plain_layers_leave_the_convolutions():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first, self.twice = nn.Conv2d(4, 4, 3), nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 1)
            self.norm, self.fc = nn.BatchNorm2d(4), nn.Linear(4, 2)

        def forward(self, x):
            x = self.twice(self.twice(self.norm(self.first(x)).relu()).relu())
            return self.fc(self.last(x).relu().mean((2, 3)))

    assert block_outputs(Plain()) == ("first", "last")


def test_a_network_without_blocks_is_told_what_to_do():
    network = nn.Sequential(nn.BatchNorm2d(1), nn.MaxPool2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(16, 2))
    with pytest.raises(InputError, match=r"Sequential has no blocks to compare: .*`block_names`"):
        block_outputs(network)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("relu", "expected a list of modules' names, given 'relu'"),
        ([], "expected a list"),
        (["relu", "relu"], "'relu' is named twice; the second call of a module is e.g. 'relu#2'"),
        (["relu#0"], "no module 'relu#0'"),
    ],
)
def test_blocks_that_a_network_names_wrongly(named, sentence):
    network = build("resnet8", 1, 10, 8, seed=0)
    network.block_names = named
    with pytest.raises(InputError, match=sentence):
        block_outputs(network)


class Unclear(nn.Module):
    """Cannot be traced; calls a module twice, and one of its blocks puts out two tensors."""

    def __init__(self):
        super().__init__()
        self.first, self.twice, self.pair, self.last = nn.ReLU(), nn.ReLU(), nn.Sequential(nn.ReLU()), nn.ReLU()
        self.pair.forward = lambda x: (x, x)
        self.conv = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        x = self.first(x) if x.sum() > -1e9 else x
        return self.last(self.pair(self.twice(self.conv(self.twice(x))))[0])


def test_with_an_example_blocks_put_out_one_tensor_once():
    assert "twice" in block_outputs(Unclear())
    assert block_outputs(Unclear(), torch.ones(2, 1, 4, 4)) == ("first", "last")
