from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.compress.budget import Budget
from bench.compress.method import NotApplicable
from bench.compress.methods.lamp import Lamp
from bench.compress.pruning.masking import prunable
from bench.compress.variant import parse
from bench.footprint.compressed import Compressed

RULES = ["lamp", "erk", "uniform", "uniform+"]


def by_layer(masks):
    return {name: int(mask.sum()) for name, mask in masks.items()}


def test_one_threshold_over_layer_adaptive_scores():
    network = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Linear(1, 3, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[100.0, 90.0]]))  # scores 1 and 81/181 = 0.45
        network[1].weight.copy_(torch.tensor([[1.0], [-2.0], [3.0]]))  # 1/14, 4/13 = 0.31 and 1
    masks = Lamp(0.4, epochs=0)(Compressed(network), None).masks
    assert masks["0.weight"].tolist() == [[True, True]]
    assert masks["1.weight"].tolist() == [[False], [False], [True]]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("sparsity", [0.3, 0.9])
def test_each_rule_leaves_exactly_what_is_asked_the_largest_of_each_layer(compressed, workbench, rule, sparsity):
    total = sum(weight.numel() for weight in prunable(compressed.network).values())
    if rule == "uniform+" and sparsity == 0.9:
        with pytest.raises(NotApplicable, match="first convolution and a fifth of the last layer"):
            Lamp(sparsity, rule)(compressed, workbench)
        return
    pruned = Lamp(sparsity, rule, epochs=0)(compressed, workbench)
    assert sum(by_layer(pruned.masks).values()) == total - int(sparsity * total)
    for name, mask in pruned.masks.items():
        size = compressed.network.get_parameter(name).detach().abs()
        assert not mask.any() or size[mask].min() >= size[~mask].max() if (~mask).any() else True
    assert workbench.finetuned == 0


def test_the_rules_differ_as_they_should(compressed, workbench):
    counts = {rule: by_layer(Lamp(0.5, rule, epochs=0)(compressed, workbench).masks) for rule in RULES}
    assert counts["uniform"] == {
        "conv.weight": 108,
        "block.conv1.weight": 288,
        "block.conv2.weight": 288,
        "fc.weight": 16,
    }
    assert counts["uniform+"]["conv.weight"] == 216
    assert counts["erk"]["fc.weight"] == 32  # ε·(8 + 4) is above its 32 weights
    assert len({str(count) for count in counts.values()}) == 4


def test_no_layer_vanishes_at_99_percent(compressed, workbench):
    with torch.no_grad():
        compressed.network.block.conv1.weight.mul_(1e-4)  # by magnitude all of it would go
    assert min(by_layer(Lamp(0.99, epochs=0)(compressed, workbench).masks).values()) >= 1


def test_survivors_are_trained_in_rounds_that_share_the_epochs(compressed, workbench, through_a_file):
    result = Lamp(0.8, rounds=4)(compressed, workbench)
    assert workbench.epochs_used == [0.5] * 4
    for name, mask in result.masks.items():
        weight = result.network.get_parameter(name)
        assert torch.equal(weight == 0, ~mask)
    through_a_file(result)


def test_budgets():
    assert Lamp().budget(10, 30) == Budget(finetuned=10)
    assert Lamp(epochs=4).budget(10, 30) == Budget(finetuned=4)
    assert Lamp(epochs=0).budget(10, 30) == Budget()


@pytest.mark.parametrize(
    "label", ["lamp:allocation=uniform+", "lamp:allocation=uniform+,sparsity=0.9", "lamp:allocation=uniform++huffman"]
)
def test_a_rule_that_ends_in_a_plus_stands_in_labels(label):
    variant = parse(label)
    variant.check()
    assert variant.label == label
    assert variant.stages[0].method.allocation == "uniform+"
    assert [stage.name for stage in variant.stages[1:]] == ["huffman"] * label.count("huffman")
