import torch
from torch import nn

from bench.diagnose import networks as instruments
from bench.diagnose import taps


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return nn.functional.relu(self.conv(x))


class Overwritten(nn.Module):
    """One rectifier for two layers; outputs are written over by what follows, and one of them has a sum added."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.relu = nn.Conv2d(3, 4, 3, padding=1), nn.Sequential(nn.ReLU()), nn.ReLU()
        self.second.forward = self.added

    def added(self, x):
        out = self.second[0](x)
        out += 1
        return out

    def forward(self, x):
        x = self.relu(self.first(x))
        return self.relu(self.second(x).mul_(2))


def test_rectifiers_are_found_also_in_place_and_quantised(make_network, quantized, probe):
    expected = {"first": "first.relu", "second": "second.relu"}
    for network in (make_network(), make_network(inplace=True), quantized):
        with instruments.still(network):
            assert taps.before_rectifier(network, ("first", "second"), probe.images[:1]) == expected


def test_units_are_seen_before_the_rectifier(make_network, probe):
    with instruments.still(make_network(inplace=True)) as network, torch.no_grad():
        with taps.Units(network, ("first",), probe.images[:1]) as units:
            network(probe.images)
        after = instruments.outputs(network, ("first",), probe.images)["first"]
    assert units.seen["first"].min() < 0
    torch.testing.assert_close(units.seen["first"].relu(), after)


def test_without_a_rectifier_units_are_what_the_layer_puts_out(probe):
    network = Functional().eval()
    with torch.no_grad(), taps.Units(network, ("conv",), probe.images[:1]) as units:
        network(probe.images)
    torch.testing.assert_close(units.seen["conv"], network.conv(probe.images).detach())


def test_outputs_and_their_gradients_are_those_of_the_call_that_is_named(probe):
    network, images = Overwritten().eval(), probe.images[:2].clone().requires_grad_()
    with taps.Taps(network, {"a": "first", "b": "relu#1", "c": "second"}) as tapped:
        answer = network(images)
    first = network.first(images)
    for label, expected in (("a", first), ("b", first.relu()), ("c", first.relu() + 1)):
        torch.testing.assert_close(tapped.seen[label], expected)
    (slope,) = torch.autograd.grad(answer.sum(), tapped.seen["c"])
    assert torch.equal(slope, torch.full_like(slope, 2.0))
    seen = instruments.outputs(network, ["first", "second", "relu#2"], probe.images[:2])
    torch.testing.assert_close(seen["second"], (first.relu() + 1).detach())
    torch.testing.assert_close(seen["relu#2"], 2 * (first.relu() + 1).detach())


def test_a_rectifier_is_told_by_its_call_and_not_when_something_was_added(probe):
    found = taps.before_rectifier(Overwritten(), ["relu#1", "second"], probe.images[:1])
    assert found == {"relu#1": "relu#1", "second": "second"}
    with taps.Units(Overwritten(), ["relu#2"], probe.images[:1]) as units:
        assert units.rectified == []
