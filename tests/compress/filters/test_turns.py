import pytest
import torch
from torch import nn

from bench.compress.filters import thinning, turns
from bench.compress.methods.li import Li, rounded_up
from bench.footprint.compressed import Compressed


def chain():
    torch.manual_seed(0)
    convolutions = [nn.Conv2d(inputs, 8, 3, padding=1) for inputs in (3, 8, 8)]
    return nn.Sequential(
        *(part for convolution in convolutions for part in (convolution, nn.ReLU())),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    ).eval()


def compressed_chain(workbench):
    return Compressed(chain(), example=workbench.example)


def planned(compressed, ratio=0.5, one_by_one=False, rounds=1):
    return turns.planned(compressed, ratio, (), rounded_up, "inside", one_by_one=one_by_one, rounds=rounds)


def test_turns_by_hand(workbench):
    compressed = compressed_chain(workbench)
    first, second, third = ((f"{number}.weight",) for number in (0, 2, 4))
    assert planned(compressed) == [{first: 4, second: 4, third: 4}]
    assert planned(compressed, one_by_one=True) == [{first: 4}, {second: 4}, {third: 4}]
    assert planned(compressed, rounds=2) == [{first: 6, second: 6, third: 6}, {first: 4, second: 4, third: 4}]
    assert planned(compressed, one_by_one=True, rounds=2) == [
        *({name: 6} for name in (first, second, third)),
        *({name: 4} for name in (first, second, third)),
    ]
    # an eighth of 8 filters is one, which goes in the first of four rounds, since numbers are rounded up
    assert planned(compressed, 0.125, rounds=4)[1:] == [{}, {}, {}]
    assert planned(compressed, 0.125, one_by_one=True, rounds=4) == [{first: 7}, {second: 7}, {third: 7}]
    assert planned(compressed, 0.0, one_by_one=True) == [{}]


def widths(network):
    return [module.out_channels for module in network.modules() if isinstance(module, nn.Conv2d)]


def test_layers_are_thinned_one_after_another_with_training_between(workbench):
    seen = []

    def finetune(network, *, epochs, **_):
        seen.append((widths(network), epochs))
        return ({"epoch": 1, "loss": 1.0, "learning_rate": 0.1},)

    workbench.finetune = finetune
    result = Li(0.5, order="layers")(compressed_chain(workbench), workbench)
    third = workbench.epochs / 3
    assert seen == [([4, 8, 8], third), ([4, 4, 8], third), ([4, 4, 4], third)]
    assert len(result.history) == 3
    seen.clear()
    Li(0.5, order="layers", rounds=2)(compressed_chain(workbench), workbench)
    assert [width for width, _ in seen] == [[6, 8, 8], [6, 6, 8], [6, 6, 6], [4, 6, 6], [4, 4, 6], [4, 4, 4]]
    assert sum(epochs for _, epochs in seen) == pytest.approx(workbench.epochs)


def test_filters_are_chosen_by_the_weights_that_training_left(workbench):
    def turn_round(network, **_):
        with torch.no_grad():  # the smallest filters of the second layer become the largest
            norms = network[2].weight.abs().sum((1, 2, 3), keepdim=True)
            network[2].weight.div_(norms.square())
        return ()

    def kept_biases():
        return Li(0.5, order="layers")(compressed, workbench).network[2].bias.detach()

    compressed = compressed_chain(workbench)
    first = compressed.network[0].weight.abs().sum((1, 2, 3)).argsort(descending=True)[:4]
    order = compressed.network[2].weight[:, first].abs().sum((1, 2, 3)).argsort()
    smallest, largest = (compressed.network[2].bias.detach()[part.sort().values] for part in (order[:4], order[4:]))
    workbench.finetune = lambda network, **_: ()
    assert torch.equal(kept_biases(), largest)
    workbench.finetune = turn_round
    assert torch.equal(kept_biases(), smallest)


def test_a_single_turn_is_thinning_at_once(workbench):
    workbench.finetune = lambda network, **_: ()
    compressed = compressed_chain(workbench)
    counts = thinning.counts(compressed, 0.5, (), rounded_up)
    expected = thinning.thinned(compressed, counts, thinning.largest_norms).network.state_dict()
    found = Li(0.5)(compressed, workbench).network.state_dict()
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())
