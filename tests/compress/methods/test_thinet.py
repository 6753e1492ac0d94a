from itertools import combinations

import pytest
import torch

from bench.compress.filters import thinning
from bench.compress.methods.thinet import Thinet, rounded_down
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace
from bench.zoo.networks import build


@pytest.mark.parametrize(("ratio", "kept"), [(0.5, 4), (0.3, 5), (0.9, 1)])
def test_the_number_kept_is_rounded_down(ratio, kept, compressed, workbench, through_a_file):
    result = Thinet(ratio, images=32)(compressed, workbench)
    assert through_a_file(result).block.conv1.out_channels == kept
    assert workbench.finetuned == 1


def test_vgg16_has_the_published_size():
    """ThiNet-Conv: half of the first ten convolutions' filters (Luo, Wu & Lin 2017, table 1: 131.44 M, 9.58 G FLOP)."""
    skip = ("features.24", "features.26", "features.28", "classifier.0", "classifier.3")
    network = build.build("torchvision:vgg16", 3, 1000, 224, 0)
    compressed = Compressed(network, example=torch.zeros(1, 3, 224, 224))
    wanted = thinning.counts(compressed, 0.5, skip, rounded_down)
    assert len(wanted) == 10
    thin = thinning.thinned(compressed, wanted, lambda network, group, count: torch.arange(count)).network
    weights = sum(parameter.numel() for parameter in thin.parameters() if parameter.ndim > 1)
    assert round(weights / 1e6, 2) == 131.44
    macs = sum(operation.macs for operation in trace(thin, compressed.example).operations)
    assert round(macs / 1e9, 2) == 4.79


def test_stages_and_layers_may_stay_whole(workbench):
    network = build.build("resnet20", 3, 10, 32, 0)
    compressed = Compressed(network, example=torch.zeros(1, 3, 32, 32))
    thin = Thinet((0.5, 0.0, 0.25), ("layer1.1.conv1",), images=8, positions=4)(compressed, workbench).network
    widths = [getattr(thin, f"layer{stage}")[block].conv1.out_channels for stage in (1, 2, 3) for block in range(3)]
    assert widths == [8, 16, 8, 32, 32, 32, 48, 48, 48]


def test_it_misses_less_than_taking_the_same_number_without_making_up(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    images = next(workbench.batches(64))[0]
    (group,) = thinning.prunable(compressed)
    thin = Thinet(0.5, images=64, positions=64)(compressed, workbench).network

    def error(network):
        return float((network.block(compressed.network.conv(images)) - target).pow(2).sum().detach())

    target = compressed.network.block(compressed.network.conv(images))
    others = []
    for kept in combinations(range(8), 4):
        changed = thinning.thinned(compressed, [(group, 4)], lambda *_, kept=kept: torch.tensor(kept))
        others.append(error(changed.network))
    assert error(thin) < sorted(others)[len(others) // 5]
