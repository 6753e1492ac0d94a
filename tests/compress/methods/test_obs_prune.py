from copy import deepcopy

import pytest
import torch

from bench.compress.method import NotApplicable
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.obs_prune import ObsPrune
from bench.compress.pruning.masking import prunable
from bench.compress.variant import parse


def test_every_layer_has_that_share_of_zeros(compressed, workbench, through_a_file):
    result = ObsPrune(0.6, images=64)(compressed, workbench)
    through_a_file(result)
    for name, weight in prunable(result.network).items():
        assert int((weight == 0).sum()) == int(0.6 * weight.numel())
        assert torch.equal(result.masks[name], weight != 0)
    assert hasattr(result.network.bn, "running_mean")


class Smooth:
    """Images whose pixels are like their neighbours, as photographs' are."""

    seed = 0
    example = torch.zeros(1, 3, 8, 8)

    def batches(self, images, batch_size=128):
        coarse = torch.randn(images, 3, 2, 2, generator=torch.Generator().manual_seed(2))
        yield torch.nn.functional.interpolate(coarse, size=8, mode="bilinear"), None


def test_it_misses_less_than_the_smallest_of_each_layer(compressed):
    images = next(Smooth().batches(128))[0]
    smallest = deepcopy(compressed.network)
    with torch.no_grad():
        for weight in prunable(smallest).values():
            weight.view(-1)[weight.abs().flatten().argsort()[: weight.numel() // 2]] = 0
        expected = compressed.network(images)
        errors = [
            float((network(images) - expected).square().mean())
            for network in (ObsPrune(0.5, images=128)(compressed, Smooth()).network, smallest)
        ]
    assert errors[0] < 0.5 * errors[1]


def test_it_prunes_then_rounds(compressed, workbench, through_a_file):
    network = through_a_file(parse("obs-prune:pattern=2:4,images=32+obc:images=32").apply(compressed, workbench))
    assert ((network.block.conv1.weight.reshape(8, 2, 4, 9) != 0).sum(2) <= 2).all()
    with pytest.raises(NotApplicable, match="prune and train before that"):
        ObsPrune()(KBit()(compressed, workbench), workbench)
