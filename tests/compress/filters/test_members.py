import pytest
import torch
from torch import nn

from bench.compress.filters.channels import channels
from bench.compress.filters.members import Member, members, scales
from bench.zoo.networks import build


class Flattened(nn.Module):
    """A grouped convolution between, and a linear layer that reads whole maps."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.grouped, self.head = nn.Conv2d(8, 6, 3, padding=1, groups=2), nn.Linear(6 * 16, 4)

    def forward(self, x):
        return self.head(self.grouped(self.norm(self.first(x)).relu()).relu().flatten(1))


@pytest.mark.parametrize("name", ["flattened", "mobilenetv2", "resnet18"])
def test_a_row_holds_what_only_that_channel_has(name):
    network = Flattened() if name == "flattened" else build.build(name, 3, 10, 32, 0)
    size = 4 if name == "flattened" else 32
    for group in channels(network.eval(), torch.zeros(1, 3, size, size)):
        channel = group.count // 2
        for member in members(network, group):
            tensor = network.get_parameter(member.name)
            # what is multiplied by a value of this channel alone is what the row of this channel sees
            values = torch.zeros(group.count)
            values[channel] = 1
            rows = member.rows(member.spread(values, tensor) * torch.ones_like(tensor))
            assert rows.shape[0] == group.count
            assert bool((rows[channel] == 1).all())
            assert rows.sum() == rows.shape[1]
            if member.reader is not None:
                kept = torch.arange(group.count)
                assert torch.equal(member.reader.only(tensor, kept, group.count), tensor)


def test_rows_of_inputs_by_hand():
    network = Flattened()
    first, second = channels(network.eval(), torch.zeros(1, 3, 4, 4))
    grouped = next(member for member in members(network, first) if member.name == "grouped.weight")
    weight = network.grouped.weight
    # outputs 0 to 2 see channels 0 to 3, outputs 3 to 5 channels 4 to 7
    assert torch.equal(grouped.rows(weight)[1].sort().values, weight[:3, 1].flatten().sort().values)
    assert torch.equal(grouped.rows(weight)[6].sort().values, weight[3:, 2].flatten().sort().values)
    head = next(member for member in members(network, second) if member.name == "head.weight")
    assert torch.equal(
        head.rows(network.head.weight)[2].sort().values, network.head.weight[:, 32:48].flatten().sort().values
    )
    assert scales(network, first) == [(Member("norm.weight", 8), Member("norm.bias", 8))]
    assert scales(network, second) == []
