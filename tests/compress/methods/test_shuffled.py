from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from bench.compress.budget import Budget
from bench.compress.method import NotApplicable
from bench.compress.methods.float16 import Float16
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.magnitude_finetune import MagnitudeFinetune
from bench.compress.methods.random_filters import RandomFilters
from bench.compress.methods.shuffled import Shuffled
from bench.compress.methods.small_dense import SmallDense
from bench.compress.methods.snip import Snip
from bench.compress.methods.two_four import TwoFour
from bench.compress.variant import parse
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.zoo.networks import build


@pytest.mark.parametrize("before", [Magnitude(0.7), MagnitudeFinetune(0.9), TwoFour()])
def test_as_many_survive_in_each_layer_elsewhere_with_the_values_of_the_beginning(compressed, workbench, before):
    pruned = before(compressed, workbench)
    finetuned = workbench.finetuned
    control = Shuffled()(pruned, workbench)
    assert workbench.finetuned == finetuned
    for name, mask in pruned.masks.items():
        assert control.masks[name].sum() == mask.sum()
        assert torch.equal(
            control.network.get_parameter(name), compressed.network.get_parameter(name) * control.masks[name]
        )
    assert any(not torch.equal(control.masks[name], mask) for name, mask in pruned.masks.items())
    others = dict(control.network.named_parameters()).keys() - control.masks.keys()
    assert all(torch.equal(control.network.get_parameter(n), compressed.network.get_parameter(n)) for n in others)


def test_positions_are_drawn_from_the_cells_seed(compressed, workbench):
    pruned = Magnitude(0.7)(compressed, workbench)
    one, again = (Shuffled()(pruned, workbench).masks for _ in range(2))
    workbench.seed = 1
    other = Shuffled()(pruned, workbench).masks
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_anew_it_is_a_fresh_network_that_is_trained_by_the_recipe(compressed, workbench, through_a_file):
    pruned = Snip(0.8)(compressed, workbench)
    began = []
    train = workbench.train

    def spied(network, **options):
        began.append({name: weight.detach().clone() for name, weight in network.named_parameters()})
        return train(network, **options)

    workbench.train = spied
    control = Shuffled(anew=True)(pruned, workbench)
    fresh = dict(workbench.fresh().named_parameters())
    for name, mask in control.masks.items():
        assert mask.sum() == pruned.masks[name].sum()
        assert torch.equal(began[0][name], fresh[name] * mask)
        assert torch.equal(control.network.get_parameter(name) != 0, mask)
    assert len(control.history) == 2
    through_a_file(control)


def test_random_weights_that_nothing_would_train_are_refused(compressed, workbench):
    workbench.original = lambda: None
    with pytest.raises(NotApplicable, match="anew=true trains"):
        Shuffled()(Snip()(compressed, workbench), workbench)


def test_it_needs_a_mask_and_the_layers_and_numbers_of_the_beginning(compressed, workbench):
    with pytest.raises(NotApplicable, match="nothing to shuffle"):
        Shuffled()(compressed, workbench)
    pruned = Magnitude(0.5)(compressed, workbench)
    with pytest.raises(NotApplicable, match="no longer those that it began with"):
        Shuffled()(finish(pruned), workbench)
    with pytest.raises(NotApplicable, match="prune and train before"):
        Shuffled()(Float16()(pruned, workbench), workbench)


def test_budgets():
    assert Shuffled().budget(10, 30) == Budget()
    assert Shuffled(anew=True).budget(10, 30) == Budget(trained=30)


def test_its_chains_are_controls_and_others_stay_what_they_are():
    assert parse("magnitude:sparsity=0.9+shuffled+finetune").family == "control"
    assert parse("magnitude:sparsity=0.9+finetune").family == "pruning"


CHAINS = ["group-magnitude:ratio=0.6", "taylor:ratio=0.5,scope=layer", "li:ratio=0.5", "thinet:ratio=0.5,channels=all"]


@pytest.mark.parametrize("before", CHAINS)
def test_as_many_channels_of_each_layer_stay_whichever(before, compressed, workbench, through_a_file):
    chain = parse(f"{before}+shuffled")
    thin = parse(before).apply(compressed, workbench)
    finetuned = workbench.finetuned
    control = chain.apply(compressed, workbench)
    assert workbench.finetuned == 2 * finetuned  # by the method before it, whose weights are not used
    through_a_file(control)
    shapes = [{name: tensor.shape for name, tensor in one.network.state_dict().items()} for one in (thin, control)]
    assert shapes[0] == shapes[1]
    # a filter of the control is one of the beginning, as far as its inputs are all there
    rows = {tuple(row.tolist()) for row in compressed.network.conv.weight.flatten(1)}
    assert all(tuple(row.tolist()) in rows for row in control.network.conv.weight.flatten(1))
    workbench.seed = 1
    other = chain.apply(compressed, workbench)
    same = [torch.equal(*pair) for pair in zip(control.network.parameters(), other.network.parameters(), strict=True)]
    assert not all(same)


def test_anew_thinner_networks_are_trained_by_the_recipe(compressed, workbench, through_a_file):
    control = parse("taylor+shuffled:anew=true").apply(compressed, workbench)
    through_a_file(control)
    assert workbench.trained == 1


def test_masks_of_thinner_networks_have_no_layers_to_go_back_to(compressed, workbench):
    for label in ("taylor+magnitude+shuffled", "svd+shuffled", "magnitude+taylor+shuffled"):
        with pytest.raises(NotApplicable, match="no longer those that it began with"):
            parse(label).apply(compressed, workbench)


def test_channels_are_drawn_anew_behind_a_method_that_draws_them_too(compressed, workbench):
    drawn = RandomFilters()(compressed, workbench)
    assert drawn.structure != Shuffled()(drawn, workbench).structure


def test_streams_that_only_a_narrower_network_has_are_refused(workbench):
    resnet = build.build("resnet20", 3, 4, 8, 0).eval()
    workbench.original = lambda: deepcopy(resnet)
    workbench.fresh = lambda: deepcopy(resnet)
    small = SmallDense(fraction=0.25)(Compressed(resnet, example=workbench.example), workbench)
    with pytest.raises(NotApplicable, match="narrowed that cannot be thinned one by one"):
        Shuffled()(small, workbench)
