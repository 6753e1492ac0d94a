from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.cost import cost
from bench.footprint.fold import finish
from bench.footprint.packed import pack
from bench.footprint.structure import low_rank


@pytest.mark.parametrize(("bits", "expected"), [(32, 196_608), (8, 49_152), (1, 6_144)])
def test_activations_take_the_methods_width(cifar_resnet, image, bits, expected):
    compressed = finish(Compressed(cifar_resnet(3, 100, 16), example=image)).but(activation_bits=bits)
    found = cost(pack(compressed, {}), cifar_resnet(3, 100, 16), (1, 3, 32, 32))
    assert found.peak_activation_elements == 49_152
    assert found.peak_activation_bytes == expected
    assert found.activation_bits == bits
    assert found.macs == 40_556_800


def test_odd_numbers_of_bits_are_rounded_up_to_bytes():
    packed = pack(Compressed(nn.Conv2d(1, 1, 1), activation_bits=1), {})
    assert cost(packed, nn.Conv2d(1, 1, 1), (1, 1, 3, 3)).peak_activation_bytes == 3  # 18 bits


def test_parameters_are_counted_after_folding(cifar_resnet, image):
    packed = pack(finish(Compressed(cifar_resnet(9, 10, 16), example=image)), {})
    found = cost(packed, cifar_resnet(9, 10, 16), (1, 3, 32, 32))
    assert found.weights == found.nonzero_weights == 848_944  # of ResNet-56
    assert found.parameters == 848_944 + 2_032 + 10


def test_zeros_are_not_counted_as_non_zeros(cifar_resnet):
    network = cifar_resnet()
    network.fc.weight.data = torch.from_numpy(np.eye(10, 16, dtype=np.float32))
    found = cost(pack(Compressed(network), {}), cifar_resnet(), (1, 3, 32, 32))
    assert found.weights - found.nonzero_weights == 150


def test_a_smaller_structure_costs_less(cifar_resnet):
    step = {"kind": "low-rank", "ranks": {"stages.0.conv1": 1}}
    network = low_rank.apply(cifar_resnet(), step["ranks"])
    whole = cost(pack(Compressed(cifar_resnet()), {}), cifar_resnet(), (1, 3, 32, 32))
    factored = cost(pack(Compressed(network, structure=(step,)), {}), cifar_resnet(), (1, 3, 32, 32))
    assert whole.macs - factored.macs == 1024 * (4 * 4 * 9 - 4 * 9 - 4)


def test_a_file_of_another_network_is_refused(cifar_resnet, image):
    packed = pack(finish(Compressed(cifar_resnet(), example=image)), {})
    with pytest.raises(InputError, match="does not fit"):
        cost(packed, nn.Linear(2, 2), (1, 2))
