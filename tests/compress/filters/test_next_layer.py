from collections import Counter
from itertools import combinations

import pytest
import torch
from torch import nn

from bench.compress.filters import next_layer
from bench.compress.filters.channels import channels
from bench.compress.method import NotApplicable
from bench.compress.methods.thinet import Thinet
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace


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


def once(network, workbench):
    """How often a pass calls each module."""
    return next_layer.calls(trace(network, workbench.example))


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
    samples = next_layer.contributions(network, group, workbench, 4, 25, once(network, workbench))["2.weight"]
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
    samples = next_layer.contributions(network, group, workbench, 8, 3, once(network, workbench))["3.weight"]
    assert samples.shape == (24, 6)
    logits = network(next(workbench.batches(8))[0]) - network[3].bias
    for number, row in enumerate(samples.sum(1)):
        assert float((logits[number // 3] - row).abs().min().detach()) < 1e-5


class CalledTwice(nn.Module):
    """Its second layer reads the same channels twice before the third reads what it writes."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1)

    def forward(self, images):
        maps = self.first(images)
        return self.third(self.second(maps) + self.second(-maps)).mean((2, 3))


def test_a_pass_ends_with_the_last_call_of_a_reader(workbench):
    network = CalledTwice().eval()
    group = next(group for group in channels(network, workbench.example) if group.writers == ("first.weight",))
    seen = []
    for name in ("second", "third"):
        network.get_submodule(name).register_forward_hook(lambda *_, name=name: seen.append(name))
    expected = once(network, workbench)
    seen.clear()
    ended = next_layer.contributions(network, group, workbench, 8, 3, expected)["second.weight"]
    assert "third" not in seen
    whole = next_layer.contributions(network, group, workbench, 8, 3, Counter())["second.weight"]
    assert "third" in seen
    assert torch.equal(ended, whole)
    assert len(ended) == 2 * 3 * 8
