import copy

import numpy as np
import pytest
import torch
from torch import nn

from bench.diagnose.diagnostics.filters import Filters
from bench.diagnose.units.first_filters import first_filters


def test_batch_norm_behind_the_convolution_is_multiplied_in():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.ReLU()).eval()
    network[1].weight.data, network[1].running_var = torch.tensor([2.0, -1.0]), torch.tensor([4.0, 1.0])
    factors = np.array([1.0, -1.0])[:, None, None, None]
    np.testing.assert_allclose(
        first_filters(network, torch.zeros(1, 1, 5, 5)), network[0].weight.detach().numpy() * factors, rtol=1e-4
    )


def test_without_batch_norm_the_weights_are_as_they_are():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2)).eval()
    np.testing.assert_array_equal(first_filters(network, torch.zeros(1, 1, 5, 5)), network[0].weight.detach())


def test_the_same_network_is_alike_and_another_seed_is_matched(networks, probe):
    found = Filters()(networks, probe)
    assert found.metrics["cosine.compressed"] == pytest.approx(1.0)
    assert found.metrics["cosine.other-seed"] < 0.9
    assert sorted(found.arrays["matched.other-seed"]) == list(range(6))
    assert found.arrays["filters.original"].shape == (6, 3, 3, 3)
    assert np.abs(found.arrays["filters.original"]).max() == 1


def test_matching_undoes_a_permutation(networks, probe):
    shuffled, order = copy.deepcopy(networks["original"]), torch.tensor([3, 1, 0, 5, 2, 4])
    for tensor in (shuffled.first.conv.weight, shuffled.first.bn.weight):
        tensor.data = tensor.data[order]
    shuffled.first.bn.running_var = shuffled.first.bn.running_var[order]
    found = Filters()({"original": networks["original"], "other-seed": shuffled}, probe)
    assert order[found.arrays["matched.other-seed"]].tolist() == list(range(6))
    assert found.metrics["cosine.other-seed"] == pytest.approx(1.0)


def test_zero_filters_are_counted_and_not_compared(networks, probe):
    networks["compressed"].first.conv.weight.data[:3] = 0
    found = Filters()(networks, probe)
    assert found.metrics["zero.compressed"] == 0.5
    assert np.isnan(found.arrays["cosine.compressed"][:3]).all()
    assert found.metrics["cosine.compressed"] == pytest.approx(1.0)


def test_quantised_narrower_dead_and_missing(networks, make_network, quantized, dead, probe):
    assert Filters()({**networks, "compressed": quantized}, probe).metrics["cosine.compressed"] > 0.99
    narrow = Filters()({**networks, "compressed": make_network(0, width=4)}, probe)
    assert (narrow.arrays["matched.compressed"] == -1).sum() == 2
    assert Filters()({**networks, "compressed": dead}, probe).metrics["cosine.compressed"] is None
    alone = Filters()({"compressed": dead}, probe)
    assert alone.metrics == {"zero.compressed": 1.0} and "no original" in alone.notes[0]


def test_other_shapes_and_networks_without_convolution_are_noted(networks, probe):
    large = nn.Sequential(nn.Conv2d(3, 6, 5))
    found = Filters()({**networks, "compressed": large, "finetune": nn.Sequential(nn.Flatten())}, probe)
    assert any("First filters of compressed: they are of another shape" in note for note in found.notes)
    assert any("First filters of finetune: no convolution" in note for note in found.notes)
