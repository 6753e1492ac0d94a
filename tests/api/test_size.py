import threading

import numpy as np
import pytest
import torch
from torch import nn

from bench import api
from bench.errors import InputError


def test_footprint_pays_for_weights_that_are_not_zero(make):
    dense, sparse = make(), make()
    sparse[6].weight.data[:, 20:] = 0
    image = torch.zeros(1, 3, 8, 8)
    found, less = api.footprint(dense, image), api.footprint(sparse, image)
    parameters = (27 * 8 + 8) + (72 * 8 + 8) + (288 * 4 + 4)  # batch norm is folded
    assert found.parameters == parameters and found.payload_bytes == 4 * parameters
    assert found.macs == 64 * 216 + 36 * 576 + 1152
    assert less.payload_bytes < 0.7 * found.payload_bytes
    assert less.nonzero_weights == found.nonzero_weights - 4 * 268
    assert sum(found.layers.values()) == found.payload_bytes < found.file_bytes


def test_footprint_leaves_the_network_as_it_was(make):
    network = make().train()
    api.footprint(network, torch.zeros(1, 3, 8, 8))
    assert network.training and isinstance(network[1], nn.BatchNorm2d)
    with pytest.raises(InputError, match="one image"):
        api.footprint(network, torch.zeros(3, 8, 8))


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"), torch.linalg.LinAlgError("no")],
)
@pytest.mark.parametrize("stage", ["copied", "finish", "pack", "cost"])
def test_what_the_machine_cannot_do_is_a_sentence(error, stage, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(f"bench.api.size.{stage}", fail)
    with pytest.raises(InputError, match=r"^footprint: (it needs more memory|its weights or feature maps cannot be)"):
        api.footprint(nn.Conv2d(3, 4, 1), torch.zeros(1, 3, 8, 8))


def test_an_image_that_the_network_does_not_take_is_a_sentence():
    with pytest.raises(InputError, match="does not take float32 images"):
        api.footprint(nn.Conv2d(4, 4, 1), torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize("image", [None, np.zeros((1, 3, 8, 8), np.float32), "image"])
def test_an_image_is_a_tensor(image, make):
    with pytest.raises(InputError, match=f"a tensor .* not {type(image).__name__}"):
        api.footprint(make(), image)


class FrozenBatchNorm2d(nn.Module):
    """As DETR's: its epsilon stands in its forward pass."""

    def __init__(self, channels: int):
        super().__init__()
        for name, value in (("weight", 1.5), ("bias", 0.1), ("running_mean", 0.2), ("running_var", 0.7)):
            self.register_buffer(name, torch.full((channels,), value))

    def forward(self, x):
        scale = self.weight * (self.running_var + 1e-3).rsqrt()
        return x * scale[:, None, None] + (self.bias - self.running_mean * scale)[:, None, None]


def test_a_frozen_normalisation_whose_epsilon_is_not_known_stays_as_it_is():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), FrozenBatchNorm2d(4), nn.Flatten(), nn.LazyLinear(2)).eval()
    image = torch.rand(1, 3, 8, 8)
    network(image)
    before = network(image)
    found = api.footprint(network, image)
    assert found.payload_bytes >= 4 * sum(value.numel() for value in network.state_dict().values())
    torch.testing.assert_close(network(image), before)


def test_what_a_network_keeps_besides_weights(make):
    network, image = make(), torch.zeros(1, 3, 8, 8)
    expected = api.footprint(network, image)
    network[3].maps = {"seen": [network[0](image), (network[0](image).relu(),)]}  # computed with gradients
    assert api.footprint(network, image) == expected
    assert network[3].maps["seen"][0].requires_grad
    network[3].guard = threading.Lock()
    with pytest.raises(InputError, match=r"Sequential cannot be copied because of its '3\.guard': cannot pickle"):
        api.footprint(network, image)
