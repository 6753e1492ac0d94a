from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.synflow import Synflow
from bench.compress.pruning import synaptic_flow
from bench.compress.variant import parse
from bench.footprint.compressed import Compressed
from bench.zoo.networks import build


def vgg(widths=(16, 16, 32, 32, 64, 64)):
    torch.manual_seed(0)
    layers, inputs = [], 3
    for number, width in enumerate(widths):
        layers += [nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if number in (1, 3) else []
        inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 4)).eval()


@pytest.fixture
def untrained(workbench):
    workbench.train = lambda network, **options: ()
    return workbench


def kept(masks):
    return [int(mask.sum()) for mask in masks.values()]


def test_no_layer_collapses_at_99_percent_where_magnitude_empties_some(untrained):
    network = vgg()
    masks = Synflow(0.99)(Compressed(network), untrained).masks
    assert min(kept(masks)) >= 8
    assert min(kept(Magnitude(0.99)(Compressed(network), untrained).masks)) == 0
    flow = synaptic_flow.SynapticFlow(network, (1, 3, 8, 8)).scores(masks)
    assert all(float(score.sum()) > 0 for score in flow.values())  # a path leads from the image to the outputs


def test_a_single_round_thins_the_narrowest_layer_more(untrained):
    many, one = (kept(Synflow(0.99, rounds)(Compressed(vgg()), untrained).masks) for rounds in (100, 1))
    assert sum(many) == sum(one)
    assert min(many) > 2 * min(one)


def test_scores_are_taken_anew_and_what_is_gone_stays_gone(untrained, monkeypatch):
    seen = []
    original = synaptic_flow.SynapticFlow.scores

    def spied(flow, masks):
        seen.append({name: mask.clone() for name, mask in masks.items()})
        return original(flow, masks)

    monkeypatch.setattr(synaptic_flow.SynapticFlow, "scores", spied)
    network = vgg((8, 8))
    total = sum(weight.numel() for weight in (network[0].weight, network[3].weight, network[9].weight))
    last = Synflow(0.9, rounds=5)(Compressed(network), untrained).masks
    assert seen[0] == {}
    assert [sum(kept(masks)) for masks in seen[1:]] == [total - int((1 - 0.1 ** (t / 5)) * total) for t in range(1, 5)]
    for before, after in zip(seen[1:], [*seen[2:], last], strict=True):
        assert not any((after[name] & ~before[name]).any() for name in after)


def test_weights_that_nothing_flows_through_are_counted_out(untrained):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 4, bias=False), nn.Linear(4, 2, bias=False))
    with torch.no_grad():
        network[2].weight[:, 1:] = 0  # three quarters of the first layer lead nowhere: all of those score 0
    masks = Synflow(0.5)(Compressed(network), untrained).masks
    assert sum(kept(masks)) == 776 - 388
    assert masks["1.weight"][0].all()


def test_a_network_without_a_tensor_of_outputs_is_refused(untrained):
    class Several(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(3, 2, 1)

        def forward(self, x):
            return {"out": self.layer(x)}

    with pytest.raises(NotApplicable, match="no tensor that could be added up"):
        Synflow()(Compressed(Several()), untrained)


class Shortcut(nn.Module):
    """A branch that hardly adds to what goes past it."""

    def __init__(self):
        super().__init__()
        self.branch, self.last = nn.Linear(192, 192, bias=False), nn.Linear(192, 4, bias=False)
        with torch.no_grad():
            self.branch.weight.fill_(1e-9)

    def forward(self, x):
        x = x.flatten(1)
        return self.last(x + self.branch(x))


def test_branches_that_are_emptied_are_named(untrained, caplog):
    masks = Synflow(0.99)(Compressed(Shortcut()), untrained).masks
    assert not masks["branch.weight"].any()
    assert "leaves no weight in 1 of 2 layers: branch.weight" in caplog.text
    caplog.clear()
    assert Synflow(0.5)(Compressed(vgg((8, 8))), untrained).masks
    assert not caplog.text


def test_gated_networks_keep_their_gates(untrained):
    network = build.build("torchvision:efficientnet_b0", 3, 10, 32, 0)
    untrained.shape = (3, 32, 32)
    assert min(kept(Synflow(0.8, rounds=3)(Compressed(network), untrained).masks)) > 0


@pytest.mark.parametrize("label", ["synflow", "grasp", "snip"])
def test_where_all_scores_are_zero_no_weight_is_better(label, workbench):
    layers = [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 8), nn.ReLU(), nn.Linear(8, 4)]
    network = nn.Sequential(*layers)
    with torch.no_grad():
        for number in (3, 5):
            network[number].weight.zero_()
            network[number].bias.zero_()
    with pytest.raises(NotApplicable, match="no weight"):
        parse(label).stages[0].method(Compressed(network, example=workbench.example), workbench)
    assert workbench.trained == 0
