import pytest
import torch
from torch import nn

from bench.training.layout import channels_last, computes_channels_last

IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.Flatten(), nn.Linear(64, 2)).eval()
    assert computes_channels_last(made, IMAGES)
    return made


class Views(nn.Module):
    """As much code has it: a view that needs the usual layout."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(144, 2)

    def forward(self, images):
        maps = self.conv(images)
        return self.head(maps.view(len(maps), -1))


def is_channels_last(tensor):
    return tensor.is_contiguous(memory_format=torch.channels_last) and not tensor.is_contiguous()


def test_feature_maps_lie_channels_last_inside_and_weights_lie_as_before_outside(network):
    before = {name: weight.data_ptr() for name, weight in network.named_parameters()}
    with channels_last(network):
        assert is_channels_last(network[:3](IMAGES))
    assert {name: weight.data_ptr() for name, weight in network.named_parameters()} == before
    assert network[:3](IMAGES).is_contiguous()


def test_the_network_computes_the_same(network):
    expected = network(IMAGES)
    with channels_last(network):
        torch.testing.assert_close(network(IMAGES), expected)


def test_weights_are_put_back_when_something_fails(network):
    before = network[0].weight.data_ptr()
    with pytest.raises(RuntimeError, match="on purpose"), channels_last(network):
        raise RuntimeError("on purpose")
    assert network[0].weight.data_ptr() == before


@pytest.mark.parametrize("known", [True, False])
def test_a_network_that_needs_the_usual_layout_keeps_it(known):
    network = Views().train()
    if known:
        assert not computes_channels_last(network, IMAGES)
    assert network.training
    with channels_last(network):
        assert network.conv.weight.is_contiguous()
        network(IMAGES)


def test_trying_leaves_what_is_not_made_yet_unmade():
    lazy = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
    assert not computes_channels_last(lazy, IMAGES)
    assert isinstance(lazy[0].weight, nn.parameter.UninitializedParameter)
