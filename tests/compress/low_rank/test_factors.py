import pytest
import torch
from torch import nn

from bench.compress.low_rank.factors import truncated_svd


@pytest.mark.parametrize("layer", [nn.Linear(12, 8), nn.Conv2d(3, 8, 3, bias=False)], ids=["linear", "convolution"])
def test_the_error_is_the_dropped_singular_values(layer):
    matrix = layer.weight.detach().flatten(1).double()
    sizes = torch.linalg.svdvals(matrix)
    for rank in range(1, 9):
        reduce, shift, expand, bias = truncated_svd("", layer, rank)
        error, dropped = ((expand @ reduce - matrix) ** 2).sum(), (sizes[rank:] ** 2).sum()
        assert float(error) == pytest.approx(float(dropped), abs=1e-9)
        assert not shift.any()
        assert torch.equal(bias.float(), torch.zeros(8) if layer.bias is None else layer.bias)
