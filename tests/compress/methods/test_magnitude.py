import torch

from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.magnitude_finetune import MagnitudeFinetune
from bench.compress.methods.random_pruning import RandomPruning
from bench.compress.pruning.masking import prunable


def zeros(network):
    weights = prunable(network).values()
    return sum(int((weight == 0).sum()) for weight in weights), sum(weight.numel() for weight in weights)


def test_the_share_asked_for_becomes_zero_and_the_given_network_stays(compressed, workbench):
    pruned = Magnitude(0.75)(compressed, workbench)
    count, total = zeros(pruned.network)
    assert count == int(0.75 * total)
    assert zeros(compressed.network)[0] == 0
    assert workbench.finetuned == 0


def test_retraining_moves_the_survivors_and_keeps_the_zeros(compressed, workbench):
    pruned = MagnitudeFinetune(0.75)(compressed, workbench)
    one_shot = Magnitude(0.75)(compressed, workbench)
    for name, mask in one_shot.masks.items():
        weight = pruned.network.get_parameter(name)
        assert torch.equal(weight == 0, ~mask)
        assert not torch.equal(weight, one_shot.network.get_parameter(name))
    assert len(pruned.history) == 1


def test_random_pruning_takes_as_many_from_each_layer(compressed, workbench):
    random, magnitude = (method(0.75)(compressed, workbench) for method in (RandomPruning, Magnitude))
    for name, weight in prunable(random.network).items():
        assert (weight == 0).sum() == (magnitude.network.get_parameter(name) == 0).sum()
    assert any(not torch.equal(random.masks[name], magnitude.masks[name]) for name in random.masks)


def test_a_pruned_network_comes_back_from_its_file_smaller(compressed, workbench, through_a_file):
    network = through_a_file(MagnitudeFinetune(0.9)(compressed, workbench))
    count, total = zeros(network)
    assert count >= int(0.9 * total)
