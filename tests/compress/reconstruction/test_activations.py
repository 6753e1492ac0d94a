import torch
from torch import nn

from bench.compress.reconstruction.activations import following
from bench.footprint.fold import finish

IMAGE = torch.zeros(1, 3, 8, 8)


class Network(nn.Module):
    def __init__(self, after):
        super().__init__()
        self.layer, self.act, self.after = nn.Conv2d(3, 4, 3), nn.ReLU6(inplace=True), after

    def forward(self, images):
        return self.after(self, self.layer(images))


def function(after):
    return following(Network(after), IMAGE).get("layer")


def test_only_what_directly_follows_counts():
    values = torch.tensor([-2.0, 3.0, 9.0])
    assert function(lambda _, maps: torch.relu(maps))(values).tolist() == [0, 3, 9]
    assert function(lambda _, maps: maps.relu_().mean(3))(values).tolist() == [0, 3, 9]
    assert function(lambda network, maps: network.act(maps))(values).tolist() == [0, 3, 6]
    assert values.tolist() == [-2, 3, 9]
    assert function(lambda _, maps: torch.relu(maps) + maps) is None
    assert function(lambda _, maps: torch.relu(maps + images_of(maps))) is None
    assert function(lambda _, maps: torch.relu(maps.mean(3))) is None
    assert function(lambda _, maps: maps) is None


def images_of(maps):
    return 2 * maps


def test_a_residual_block_adds_before_it_rectifies(compressed):
    found = following(finish(compressed).network, compressed.example)
    assert {"conv", "block.conv1"} <= set(found)
    assert not {"block.conv2", "fc"} & set(found)
