import pytest
import torch
from torch import nn

from bench.training._layout import channels_last


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.Flatten(), nn.Linear(64, 2)).eval()


def is_channels_last(tensor):
    return tensor.is_contiguous(memory_format=torch.channels_last) and not tensor.is_contiguous()


def test_feature_maps_lie_channels_last_inside_and_weights_lie_as_before_outside(network):
    images = torch.randn(2, 3, 8, 8)
    before = {name: weight.data_ptr() for name, weight in network.named_parameters()}
    with channels_last(network):
        assert is_channels_last(network[:3](images))
    assert {name: weight.data_ptr() for name, weight in network.named_parameters()} == before
    assert network[:3](images).is_contiguous()


def test_the_network_computes_the_same(network):
    images = torch.randn(2, 3, 8, 8)
    expected = network(images)
    with channels_last(network):
        torch.testing.assert_close(network(images), expected)


def test_weights_are_put_back_when_something_fails(network):
    before = network[0].weight.data_ptr()
    with pytest.raises(RuntimeError, match="on purpose"), channels_last(network):
        raise RuntimeError("on purpose")
    assert network[0].weight.data_ptr() == before
