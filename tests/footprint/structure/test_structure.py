from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.footprint.structure import rebuild, simulates


def test_steps_are_taken_in_order(cifar_resnet):
    network = rebuild(
        cifar_resnet(),
        [
            {"kind": "low-rank", "ranks": {"fc": 2}},
            {"kind": "thin-channels", "sizes": {"fc.reduce": {"in": 7, "out": 1}, "fc.expand": {"in": 1, "out": 10}}},
        ],
    )
    assert network.fc.reduce.weight.shape == (1, 7)


def test_quantisers_simulate_and_resizing_does_not():
    assert simulates({"kind": "nncf-quantizers", "config": {}})
    assert not simulates({"kind": "low-rank", "ranks": {}})


@pytest.mark.parametrize("step", [{}, {"kind": "explode"}, {"kind": "_modules"}, {"kind": 3}])
def test_unknown_steps_are_refused(step):
    with pytest.raises(ValueError, match="there is no step"):
        rebuild(nn.Linear(2, 2), [step])


def test_rebuilding_leaves_the_random_state_alone(cifar_resnet):
    network = cifar_resnet()
    before = torch.get_rng_state()
    rebuild(
        network,
        [
            {"kind": "low-rank", "ranks": {"fc": 2, "conv1": 3}},
            {"kind": "affine-batchnorm", "names": ["bn1"]},
            {"kind": "fold-batchnorm", "pairs": [["stages.0.conv1", "stages.0.bn1"]]},
            {"kind": "thin-channels", "sizes": {"stages.0.conv2": {"in": 2, "out": 4, "groups": 1}}},
        ],
    )
    assert torch.equal(before, torch.get_rng_state())
