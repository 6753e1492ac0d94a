import pytest
import torch
from torch import nn

from bench.compress.low_rank.factors import truncated_svd
from bench.compress.method import NotApplicable
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.svd import Svd


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


def test_the_same_network_comes_from_the_file(compressed, workbench, through_a_file):
    result = Svd(0.75)(compressed, workbench)
    network = through_a_file(result)
    assert network.block.conv2.expand.weight.shape == (8, 6, 1, 1)
    assert isinstance(network.fc, nn.Linear)  # its factors would be larger


def test_what_was_pruned_is_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match="pruned one by one"):
        Svd()(Magnitude(0.5)(compressed, workbench), workbench)
