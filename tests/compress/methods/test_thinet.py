from itertools import combinations

import pytest
import torch
from torch import nn

from bench.compress.filters import next_layer, thinning
from bench.compress.filters.channels import channels
from bench.compress.method import NotApplicable
from bench.compress.methods.thinet import Thinet, rounded_down
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace
from bench.zoo.networks import build


def test_the_first_channel_to_go_is_the_smallest_and_the_next_may_cancel_it():
    samples = torch.tensor([[1.0, 5.0, -1.1, 3.0], [1.0, 5.0, -1.1, -3.0]]).double()
    assert next_layer.greedy(samples, 3).tolist() == [1, 2, 3]
    assert next_layer.greedy(samples, 2).tolist() == [1, 3]


def test_greedy_is_near_the_best():
    samples = torch.randn(50, 7, generator=torch.Generator().manual_seed(0)).double()

    def missed(kept):
        gone = [channel for channel in range(7) if channel not in kept]
        return float((samples[:, gone].sum(1) ** 2).sum())

    every = sorted(missed(kept) for kept in combinations(range(7), 4))
    assert missed(next_layer.greedy(samples, 4).tolist()) <= every[len(every) // 4]


def test_scales_are_least_squares_near_one():
    samples = torch.randn(40, 6, generator=torch.Generator().manual_seed(0)).double()
    kept = torch.tensor([0, 2, 5])
    expected = torch.linalg.lstsq(samples[:, kept], samples.sum(1, keepdim=True)).solution[:, 0]
    torch.testing.assert_close(next_layer.least_squares(samples, kept), expected)
    few = next_layer.least_squares(samples[:1] * 0, kept)
    assert few.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 5, 3, padding=1),
        nn.Conv2d(8, 5, 3, stride=2, padding=2, dilation=2),
        nn.Conv2d(8, 5, (1, 3), padding="same", padding_mode="reflect"),
        nn.Conv2d(8, 5, 1),
        nn.Conv2d(8, 6, 3, groups=2),
    ],
)
def test_contributions_add_up_to_an_output(layer, workbench):
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), layer, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    (group,) = channels(network, workbench.example)
    samples = next_layer.contributions(network, group, workbench, 4, 25)["2.weight"]
    assert samples.shape == (100, 8)
    with torch.no_grad():
        outputs = network[:3](next(workbench.batches(4))[0]) - layer.bias[:, None, None]
    for number, image in enumerate(outputs.flatten(1).double()):
        for total in samples[25 * number : 25 * (number + 1)].sum(1):
            assert float((image - total).abs().min()) < 1e-5


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.Flatten(2), nn.Conv1d(3, 8, 3), nn.ReLU(), nn.Conv1d(8, 4, 3), nn.Flatten(), nn.LazyLinear(4)),
        nn.Sequential(
            nn.Unflatten(1, (3, 1)), nn.Conv3d(3, 8, 1), nn.ReLU(), nn.Conv3d(8, 4, 1), nn.Flatten(), nn.LazyLinear(4)
        ),
    ],
)
def test_what_it_cannot_sample_is_refused(network, workbench):
    network.eval()(workbench.example)
    with pytest.raises(NotApplicable, match="sampled of Conv2d and Linear"):
        Thinet(0.5)(Compressed(network, example=workbench.example), workbench)


def test_flattened_maps_contribute_as_channels(workbench):
    network = nn.Sequential(nn.Conv2d(3, 6, 1), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(24, 4)).eval()
    (group,) = channels(network, workbench.example)
    samples = next_layer.contributions(network, group, workbench, 8, 3)["3.weight"]
    assert samples.shape == (24, 6)
    logits = network(next(workbench.batches(8))[0]) - network[3].bias
    for number, row in enumerate(samples.sum(1)):
        assert float((logits[number // 3] - row).abs().min().detach()) < 1e-5


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
