from itertools import pairwise

import pytest
import torch
from torch import nn

from bench.compress.quantization.integers import Grid
from bench.compress.reconstruction import adaptive_rounding, descent
from bench.compress.reconstruction.adaptive_rounding import RoundingSchedule
from bench.compress.reconstruction.block import LayerBlock
from bench.compress.reconstruction.layer import Layer


def test_the_error_is_a_sum_over_channels_and_a_mean_over_the_rest():
    ones = torch.ones(2, 3, 4, 5)
    assert descent.error(ones, 3 * ones, 1) == 4 * 3
    assert descent.error(ones, 3 * ones, -1) == 4 * 5
    importance = torch.zeros(2, 3, 4, 5)
    importance[1, 2, 3, 4] = 7
    assert descent.error(ones, 3 * ones, 1, importance) == pytest.approx(4 * 7 / (2 * 4 * 5))


class Recording(nn.Module):
    """A block that keeps what it reads."""

    def __init__(self):
        super().__init__()
        self.conv, self.read = nn.Conv2d(2, 2, 1), []

    def forward(self, maps):
        self.read.append(maps.detach())
        return maps + self.conv(maps)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_elements_of_a_blocks_input_keep_their_float_value_by_chance(share):
    module = Recording()
    layer = Layer("conv.weight", module.conv, torch.empty(0), torch.empty(0), Grid(3, True))
    block = LayerBlock("", module, (layer,), torch.zeros(40, 2, 6, 6), torch.ones(40, 2, 6, 6))
    schedule = RoundingSchedule(steps=5, batch_size=8, learning_rate=0.01, regularization=0.0, warmup=0.0)
    adaptive_rounding.learned(block, schedule=schedule, float_share=share, seed=0)
    read = torch.stack(module.read[1:])  # after the target's
    assert read.shape == (5, 8, 2, 6, 6)
    assert set(read.unique().tolist()) == ({share} if share in (0, 1) else {0, 1})
    assert float(read.mean()) == pytest.approx(share, abs=0.05)  # 2880 elements: 5 standard deviations
    if share == 0.5:
        assert not any(torch.equal(one, two) for one, two in pairwise(read))
        assert 0 < float(read.mean((0, 1, 3, 4)).std()) < 0.1
