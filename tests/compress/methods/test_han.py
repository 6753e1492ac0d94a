import pytest
import torch

from bench.compress.methods.han import Han, sparsities
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.magnitude_finetune import MagnitudeFinetune
from bench.compress.pruning.masking import prunable


def test_each_round_keeps_the_same_share_and_the_last_is_exact():
    assert list(sparsities(0.875, 3)) == pytest.approx([0.5, 0.75, 0.875])
    assert list(sparsities(0.8, 7))[-1] == 0.8


def test_exactly_the_share_is_removed_in_rounds_that_divide_the_epochs(compressed, workbench, through_a_file):
    result = Han(0.75, rounds=3)(compressed, workbench)
    weights = prunable(result.network).values()
    assert sum(int((weight == 0).sum()) for weight in weights) == int(0.75 * sum(weight.numel() for weight in weights))
    assert workbench.epochs_used == pytest.approx([workbench.epochs / 3] * 3)
    assert len(result.history) == 3
    assert torch.count_nonzero(compressed.network.fc.weight) == compressed.network.fc.weight.numel()
    through_a_file(result)


def test_one_round_is_magnitude_pruning_and_retraining(compressed, workbench):
    once, known = (method(compressed, workbench) for method in (Han(0.8, rounds=1), MagnitudeFinetune(0.8)))
    for name, tensor in known.network.state_dict().items():
        assert torch.equal(once.network.state_dict()[name], tensor)


def test_what_is_removed_in_a_round_stays_removed(compressed, workbench):
    first = Magnitude(0.5)(compressed, workbench)
    result = Han(0.8, rounds=3)(first, workbench)
    for name, mask in first.masks.items():
        assert not result.network.get_parameter(name)[~mask].any()
