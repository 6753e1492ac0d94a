from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.footprint.structure import affine_batchnorm
from bench.footprint.structure.affine_batchnorm import Affine


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 3, 4, 5, 6)])
def test_a_scale_and_a_shift_a_channel(shape):
    module = Affine(3)
    module.weight.data = torch.tensor([1.0, 2.0, 3.0])
    module.bias.data = torch.tensor([0.0, 10.0, 20.0])
    found = module(torch.ones(shape))
    assert found.shape == shape
    assert found.transpose(0, 1).flatten(1)[:, 0].tolist() == [1, 12, 23]


def test_two_numbers_a_channel_take_the_place_of_four():
    network = affine_batchnorm.apply(nn.Sequential(nn.BatchNorm2d(7), nn.ReLU()), ["0"])
    assert {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()} == {
        "0.weight": (7,),
        "0.bias": (7,),
    }


def test_the_network_itself_may_be_one():
    assert isinstance(affine_batchnorm.apply(nn.BatchNorm2d(7), [""]), Affine)


def test_its_place_and_mode_are_kept():
    network = nn.Sequential(nn.BatchNorm2d(2)).eval().double()
    module = affine_batchnorm.apply(network, ["0"])[0]
    assert module.weight.dtype == torch.float64
    assert not module.training


def test_it_trains():
    module = Affine(2)
    module(torch.ones(1, 2, 3, 3)).sum().backward()
    assert module.weight.grad.tolist() == [9, 9]
