import pytest
import torch
from torch import nn
from torchvision.models import densenet121, mobilenet_v2, resnet18

from bench.compress.reconstruction.residual_blocks import residual_blocks
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish

IMAGE = torch.zeros(1, 3, 32, 32)


def weights_of(network):
    return [f"{name}.weight" for name, module in network.named_modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def blocks_of(network, example=IMAGE):
    network = finish(Compressed(network.eval(), example=example)).network
    return residual_blocks(network, example, weights_of(network))


class Block(nn.Module):
    """A convolution and a shortcut, joined by `join(block, maps)`."""

    def __init__(self, join):
        super().__init__()
        self.conv, self.join, self.aside = nn.Conv2d(3, 3, 3, padding=1), join, []

    def forward(self, maps, *others):
        return self.join(self, maps, *others)


class Network(nn.Module):
    def __init__(self, join, call=lambda block, maps: block(maps)):
        super().__init__()
        self.first, self.block, self.call = nn.Conv2d(3, 3, 1), Block(join), call
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(3, 4)

    def forward(self, images):
        return self.fc(self.pool(self.call(self.block, self.first(images))).flatten(1))


def added(block, maps):
    return maps + block.conv(maps)


def test_blocks_hold_their_layers_in_the_order_of_the_pass(compressed, workbench):
    network = finish(compressed).network
    expected = {"block": ("block.conv1.weight", "block.conv2.weight")}
    assert residual_blocks(network, workbench.example, weights_of(network)) == expected
    assert residual_blocks(network, workbench.example, ["conv.weight", "block.conv2.weight"]) == {
        "block": ("block.conv2.weight",)
    }
    assert not residual_blocks(network, workbench.example, ["conv.weight"])


def test_shortcuts_of_a_network_of_the_library_are_part_of_their_blocks():
    network = resnet18()
    blocks = blocks_of(network)
    assert list(blocks) == [f"layer{stage}.{number}" for stage in range(1, 5) for number in range(2)]
    assert set(blocks["layer2.0"]) == {f"layer2.0.{name}.weight" for name in ("conv1", "conv2", "downsample.0")}
    assert set(weights_of(network)) - {name for each in blocks.values() for name in each} == {
        "conv1.weight",
        "fc.weight",
    }


def test_blocks_without_a_shortcut_are_known_by_their_class():
    blocks = blocks_of(mobilenet_v2(width_mult=0.25))
    assert list(blocks) == [f"features.{number}" for number in range(1, 18)]
    assert not blocks_of(densenet121())


@pytest.mark.parametrize(
    "join",
    [
        added,
        lambda block, maps: maps.add_(block.conv(maps)),
        lambda block, maps: torch.relu(torch.add(block.conv(maps), maps)),
        lambda block, maps: maps.relu_() + block.conv(maps),
        lambda block, maps: block.conv(maps) + block.conv.bias.mean() + maps.mean((2, 3), keepdim=True),
    ],
)
def test_whatever_adds_two_maps_is_a_block(join):
    assert blocks_of(Network(join)) == {"block": ("block.conv.weight",)}


def kept(block, maps):
    block.aside[:] = [block.conv(maps)]
    return maps + block.aside[0]


@pytest.mark.parametrize(
    "network",
    [
        Network(lambda block, maps: block.conv(maps)),
        Network(lambda block, maps: block.conv(maps) + 3),
        Network(lambda block, maps: (twice := block.conv(maps)) + twice),
        Network(lambda block, maps: maps * block.conv(maps)),
        Network(added, lambda block, maps: block(block(maps))),
        Network(lambda block, maps, other: other + block.conv(maps), lambda block, maps: block(maps, maps * 2)),
        Network(lambda block, maps, flag: added(block, maps), lambda block, maps: block(maps, True)),
        Network(kept, lambda block, maps: block(maps) + block.aside[0]),
        Network(lambda block, maps: maps.relu_() + block.conv(maps), lambda block, maps: block(maps) + maps),
        Network(lambda block, maps: block.conv(maps), lambda block, maps: maps + block(maps)),
        Network(lambda block, maps: (maps + block.conv(maps), 1), lambda block, maps: block(maps)[0]),
    ],
)
def test_whatever_else_is_none(network):
    assert not blocks_of(network)


def test_the_innermost_module_is_the_block():
    class Stage(nn.Sequential):
        def forward(self, maps):
            return maps + super().forward(maps)

    network = nn.Sequential(nn.Conv2d(3, 3, 1), Stage(Block(added), nn.Conv2d(3, 3, 1), Block(added)), nn.ReLU())
    assert list(blocks_of(network)) == ["1.0", "1.2"]
