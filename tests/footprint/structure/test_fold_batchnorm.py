from __future__ import annotations

import torch
from torch import nn

from bench.footprint.structure import fold_batchnorm


def test_a_bias_comes_and_the_normalisation_goes():
    network = nn.Sequential(nn.Conv2d(2, 5, 3, bias=False), nn.BatchNorm2d(5))
    folded = fold_batchnorm.apply(network, [["0", "1"]])
    assert list(folded.state_dict()) == ["0.weight", "0.bias"]
    assert isinstance(folded[0].bias, nn.Parameter)
    assert torch.equal(folded[0].bias, torch.zeros(5))


def test_a_bias_that_is_there_stays():
    network = nn.Sequential(nn.Linear(2, 5), nn.BatchNorm1d(5))
    bias = network[0].bias
    assert fold_batchnorm.apply(network, [["0", "1"]])[0].bias is bias
