import copy

import numpy as np
import pytest
import torch
from torch import nn

from bench.diagnose.diagnostics.activation_maximization import ActivationMaximization
from bench.diagnose.networks import Version
from bench.diagnose.units.maximization import MISSING, Channels, choose, same_in

ROWS = ("original", "other-initialisation", "compressed", "other-seed", "random-weights")
SHORT = ActivationMaximization(channels=2, steps=30)


class Colours(nn.Module):
    """Channels that like red and dislike blue, and the other way round; a dead one between."""

    def __init__(self, permutation=(0, 1, 2)):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        weight = torch.zeros(3, 3, 3, 3)
        weight[0, 0], weight[0, 2], weight[2, 2], weight[2, 0] = 1, -1, 1, -1
        self.conv.weight.data = weight[list(permutation)]
        self.conv.bias.data = torch.tensor([-5.0, 0.0, -5.0])[list(permutation)]
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.conv(x)).mean((2, 3))


@pytest.fixture
def colour_probe(make_probe):
    return make_probe(layers=("relu",))


def test_the_image_is_the_known_optimum(colour_probe):
    found = SHORT({"original": Colours().eval()}, colour_probe)
    assert found.arrays["channels"].tolist() == [0, 2]  # the dead one is not chosen
    red, blue = found.arrays["images.original"].astype(float)[:, :, 3:6, 3:6].mean((2, 3))
    assert red[0] > red[2] + 50 and blue[2] > blue[0] + 50
    assert found.arrays["response.original"].min() > 1


def test_the_same_channel_of_another_seed_is_matched_and_driven_alike(colour_probe):
    found = SHORT({"original": Colours().eval(), "other-seed": Colours((2, 0, 1)).eval()}, colour_probe)
    assert found.arrays["channels.other-seed"].tolist() == [1, 0]
    np.testing.assert_allclose(found.arrays["transfer.other-seed"], 1.0, rtol=1e-3)


def test_transfer_is_against_the_networks_own_image(colour_probe):
    found = SHORT({"original": Colours().eval(), "compressed": Colours((2, 1, 0)).eval()}, colour_probe)
    assert (found.arrays["transfer.compressed"] < -0.5).all()  # what drives red silences blue
    assert found.metrics["transfer.compressed"] == pytest.approx(found.arrays["transfer.compressed"].mean(), rel=1e-5)


def test_rows_shapes_and_the_same_network(networks, probe):
    found = SHORT(networks, probe)
    for row in ROWS:
        assert found.arrays[f"images.{row}"].shape == (4, 3, 8, 8)
        assert found.arrays[f"images.{row}"].dtype == np.uint8
    assert found.arrays["layers"].tolist() == ["first", "first", "second", "second"]
    assert found.metrics["transfer.compressed"] == found.metrics["transfer.original"] == 1.0
    np.testing.assert_array_equal(found.arrays["images.compressed"], found.arrays["images.original"])
    assert (found.arrays["images.other-initialisation"] != found.arrays["images.original"]).any()
    assert found.metrics["transfer.random-weights"] < 0.7 < found.metrics["transfer.other-initialisation"]
    assert found.notes == []


def test_quantisers_are_by_passed_and_put_back(networks, quantized, probe):
    with torch.no_grad():
        before = quantized(probe.images)
    found = SHORT({**networks, "compressed": quantized}, probe)
    assert found.metrics["transfer.compressed"] > 0.9
    assert found.notes == ["compressed: the quantisers of its feature maps are by-passed."]
    with torch.no_grad():
        assert torch.equal(quantized(probe.images), before)


def test_a_dead_network_has_notes_instead_of_numbers(networks, dead, probe):
    found = SHORT({**networks, "compressed": dead}, probe)
    assert found.metrics["transfer.compressed"] is None
    assert "compressed: 4 of 4 channels do not exist or never change." in found.notes
    nothing = SHORT({"original": dead}, probe)
    assert nothing.metrics == {} and "no convolutional block" in nothing.notes[0]


def test_missing_roles_and_layers(networks, probe):
    assert "no original" in SHORT({"compressed": networks["compressed"]}, probe).notes[0]
    found = SHORT({"original": networks["original"], "compressed": nn.Sequential(nn.Flatten())}, probe)
    assert "no module first" in found.notes[0]
    assert "images.compressed" not in found.arrays


def test_narrower_layers_are_matched(networks, make_network, probe):
    found = SHORT({"original": networks["original"], "compressed": make_network(1, width=2)}, probe)
    channels = found.arrays["channels.compressed"]
    assert ((channels == MISSING) | (channels < [2, 2, 4, 4])).all()
    missing = channels == MISSING
    assert np.isnan(found.arrays["transfer.compressed"])[missing].all()


def test_matching_undoes_a_permutation(networks, probe):
    network = networks["original"]
    shuffled, order = copy.deepcopy(network), torch.tensor([3, 1, 0, 5, 2, 4])
    for module in (shuffled.first.conv, shuffled.first.shortcut):
        module.weight.data = module.weight.data[order]
    for name in ("weight", "bias", "running_mean", "running_var"):
        tensor = getattr(shuffled.first.bn, name)
        tensor.data = tensor.data[order]
    original = Version("original", "original", network)
    found = same_in(
        Version("other-seed", "other-seed", shuffled), original, probe, Channels(("first",) * 6, tuple(range(6))), False
    )
    assert order[list(found.indices)].tolist() == list(range(6))


def test_stages_are_resolutions(make_network, make_probe):
    network = make_network()
    found = choose(Version("original", "original", network), make_probe(layers=("first.bn", "first", "second")), 1)
    assert found.names == ("first", "second")


def test_same_bytes_again(networks, probe, assert_same):
    from bench.remember import forget

    first = SHORT(networks, probe)
    forget()
    assert_same(SHORT(networks, probe), first)
