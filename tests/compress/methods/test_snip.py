from __future__ import annotations

import pytest
import torch

from bench.compress.methods.grasp import Grasp
from bench.compress.methods.snip import Snip
from bench.compress.methods.synflow import Synflow
from bench.compress.pruning import class_images, scores
from bench.compress.pruning.masking import prunable
from bench.compress.variant import parse
from bench.errors import InputError

METHODS = [Snip, Grasp, Synflow]


def untrained(workbench):
    workbench.train = lambda network, **options: ()
    return workbench


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sparsity", [0.5, 0.95])
def test_exactly_the_share_asked_for_goes_and_the_rest_stays_as_it_began(compressed, workbench, method, sparsity):
    before = {name: value.clone() for name, value in compressed.network.state_dict().items()}
    result = method(sparsity)(compressed, untrained(workbench))
    total = sum(weight.numel() for weight in prunable(compressed.network).values())
    assert sum(int((~mask).sum()) for mask in result.masks.values()) == int(sparsity * total)
    for name, value in result.network.state_dict().items():
        expected = before[name] * result.masks[name] if name in result.masks else before[name]
        assert torch.equal(value, expected), name
    assert all(torch.equal(value, before[name]) for name, value in compressed.network.state_dict().items())


@pytest.mark.parametrize("method", METHODS)
def test_it_is_trained_once_by_the_models_recipe_with_its_zeros(compressed, workbench, through_a_file, method):
    result = method(0.9)(compressed, workbench)
    assert (workbench.trained, workbench.finetuned) == (1, 1)
    for name, mask in result.masks.items():
        weight = result.network.get_parameter(name)
        assert torch.equal(weight != 0, mask)
        assert not torch.equal(weight, compressed.network.get_parameter(name) * mask)
    assert len(result.history) == 1
    through_a_file(result)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_mask(compressed, workbench, method):
    one, other = (method(0.8)(compressed, untrained(workbench)).masks for _ in range(2))
    assert all(torch.equal(mask, other[name]) for name, mask in one.items())


def test_what_snip_removes_scores_no_more_than_what_it_keeps(compressed, workbench):
    batches = class_images.batches(compressed.network, workbench, 10)
    score = scores.connection_sensitivity(compressed.network, workbench.loss, batches)
    masks = Snip(0.8)(compressed, untrained(workbench)).masks
    gone = max(float(score[name][~mask].max()) for name, mask in masks.items())
    assert gone <= min(float(score[name][mask].min()) for name, mask in masks.items())


@pytest.mark.parametrize("name", ["snip", "grasp", "synflow"])
def test_they_begin_with_a_fresh_network_so_come_first_in_a_chain(name):
    assert parse(name).start == "random"
    with pytest.raises(InputError, match="cannot follow in a chain"):
        parse(f"magnitude+{name}").check()
