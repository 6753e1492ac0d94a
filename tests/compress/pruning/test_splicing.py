import pytest
import torch
from torch import nn

from bench.compress.pruning.reparametrised import RealWeights
from bench.compress.pruning.splicing import Splicing, spliced


def test_masks_by_hand():
    # below 0.9 a weight is cut, from 1.1 on it is back, between it stays as it was
    weight = torch.tensor([0.89, -0.9, 1.0, -1.09, 1.1, -2.0, 0.0])
    ones, zeros = torch.ones(7, dtype=torch.bool), torch.zeros(7, dtype=torch.bool)
    assert spliced(ones, weight, 1.0).int().tolist() == [0, 1, 1, 1, 1, 1, 0]
    assert spliced(zeros, weight, 1.0).int().tolist() == [0, 0, 0, 0, 1, 1, 0]


def layer_of(*values):
    layer = nn.Linear(len(values), 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([values]))
    return layer


def test_what_is_cut_learns_and_comes_back():
    layer = layer_of(4.0, 3.0, 0.5, 0.25)
    rule = Splicing(layer, {}, 0.5, by_layer=False, interval=1, until=1.0)
    weights = RealWeights(layer, rule)
    assert layer.weight.tolist() == [[4.0, 3.0, 0.0, 0.0]]
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    with weights.watching():
        for step in range(4):
            optimizer.zero_grad()
            (layer.weight * torch.tensor([[0.0, 0.0, -1.0, 0.0]])).sum().backward()
            optimizer.step()
            assert layer.weight[0, 2] == 0.5 + step + 1  # the optimizer moves the real weight
            weights.after_step(step, 10)
    # at 4.5 it is one of the two largest, and from 1.1 of the threshold, 4, on it is seen
    assert weights.real["weight"].tolist() == [[4.0, 3.0, 4.5, 0.25]]
    assert layer.weight.tolist() == [[4.0, 0.0, 4.5, 0.0]]


@pytest.mark.parametrize(("by_layer", "expected"), [(True, [[1, 1, 0, 0]] * 2), (False, [[0, 0, 0, 0], [1, 1, 1, 1]])])
def test_thresholds_are_of_each_layer_or_one_for_all(by_layer, expected):
    # two layers, one ten times the other: with one c both are cut alike, with one threshold the small one goes
    net = nn.ModuleList([layer_of(4.0, -3.0, 2.0, 1.0), layer_of(40.0, -30.0, 20.0, 10.0)])
    weights = {name: weight.detach() for name, weight in net.named_parameters()}
    rule = Splicing(net, {}, 0.5, by_layer=by_layer, interval=1, until=1.0)
    assert [mask.int().tolist() for mask in rule.settle(weights).values()] == [[row] for row in expected]


def test_the_threshold_by_layer_is_mean_and_deviation():
    # |w| of 1, 2, 3, 6: mean 3, deviation √(14/3) = 2.16. To keep 2 of 4, 3 is the least that stays: t = 3, c = 0. Of
    # what was cut before, 3.2 would not come back below 3.3
    rule = Splicing(layer_of(1.0, -2.0, 3.0, 6.0), {}, 0.5, by_layer=True, interval=1, until=1.0)
    assert rule.statistics["weight"] == pytest.approx((3, (14 / 3) ** 0.5))
    rule.before_step(0, 10, {"weight": torch.tensor([[1.0, -2.0, 3.0, 6.0]])})
    assert rule.masks["weight"].tolist() == [[False, False, True, True]]
    rule.before_step(1, 10, {"weight": torch.tensor([[1.0, 3.2, 3.0, 6.0]])})  # now 3.2 is the least that would stay
    assert rule.masks["weight"].tolist() == [[False, False, True, True]]
    rule.before_step(2, 10, {"weight": torch.tensor([[1.0, 5.0, 3.0, 6.0]])})  # t = 5: below 4.5 goes, 5.5 would come
    assert rule.masks["weight"].tolist() == [[False, False, False, True]]


def test_masks_stay_after_their_time_and_are_exact():
    torch.manual_seed(0)
    layer = nn.Linear(50, 4)
    rule = Splicing(layer, {}, 0.3, by_layer=False, interval=1, until=0.5)
    weights = RealWeights(layer, rule)
    before = rule.masks["weight"].clone()
    weights.after_step(4, 10)
    settled = rule.masks["weight"].clone()
    assert int(settled.sum()) == 140 != int(before.sum())  # at first those above 0.9 of the threshold
    weights.real["weight"].mul_(torch.rand(4, 50))
    weights.after_step(5, 10)
    assert torch.equal(rule.masks["weight"], settled)


def test_what_was_pruned_earlier_never_comes_back():
    layer = layer_of(9.0, 3.0, 0.5, 0.25)
    earlier = {"weight": torch.tensor([[False, True, True, True]])}
    rule = Splicing(layer, earlier, 0.5, by_layer=False, interval=1, until=1.0)
    RealWeights(layer, rule)
    assert layer.weight[0, 0] == 0
    assert rule.settle({"weight": torch.tensor([[9.0, 3.0, 0.5, 0.25]])})["weight"].tolist() == [
        [False, True, True, False]
    ]
