from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn

from bench.footprint.structure import low_rank, rebuild
from bench.footprint.trace import trace


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (
            nn.Conv2d(4, 6, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2), padding_mode="circular"),
            (2, 4, 12, 12),
        ),
        (nn.Conv1d(4, 6, 3), (2, 4, 9)),
        (nn.Linear(7, 6), (2, 7)),
    ],
)
def test_full_rank_computes_the_same(layer, shape):
    rank = low_rank.full_rank(layer)
    pair = low_rank.factors(layer, rank)
    with torch.no_grad():
        u, s, v = torch.linalg.svd(layer.weight.flatten(1), full_matrices=False)
        pair.reduce.weight.copy_((s[:, None] * v).reshape(pair.reduce.weight.shape))
        pair.expand.weight.copy_(u.reshape(pair.expand.weight.shape))
        pair.expand.bias.copy_(layer.bias)
        x = torch.randn(*shape)
        assert torch.allclose(pair(x), layer(x), atol=1e-5)


def test_storage_is_the_formula():
    pair = low_rank.factors(nn.Conv2d(16, 32, 3, bias=False), 5)
    assert sum(parameter.numel() for parameter in pair.parameters()) == 5 * 16 * 9 + 5 + 5 * 32 + 32


def test_resnet18_at_half_rank_has_the_published_size():
    with torch.device("meta"):
        network = torchvision.models.resnet18()
    stride_one = (
        (name, layer)
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d) and layer.stride == (1, 1)
    )
    network = low_rank.apply(network, {name: layer.out_channels // 2 for name, layer in stride_one})
    assert sum(parameter.numel() for parameter in network.parameters()) == 7_499_624
    assert round(trace(network, torch.zeros(1, 3, 224, 224)).macs / 1e9, 3) == 1.146


@pytest.mark.parametrize(
    ("layer", "rank", "problem"),
    [
        (nn.Conv2d(4, 6, 1), 0, "rank 1 to 4, not 0"),
        (nn.Conv2d(4, 6, 1), 5, "rank 1 to 4, not 5"),
        (nn.Conv2d(4, 6, 1), 1.5, "rank 1 to 4, not 1.5"),
        (nn.Conv2d(4, 6, 1, groups=2), 1, "only ungrouped"),
        (nn.ConvTranspose2d(4, 6, 1), 1, "only ungrouped"),
        (nn.BatchNorm2d(4), 1, "only ungrouped"),
    ],
)
def test_what_has_no_factors_is_refused(layer, rank, problem):
    with pytest.raises(ValueError, match=problem):
        rebuild(nn.Sequential(layer), [{"kind": "low-rank", "ranks": {"0": rank}}])
