import pytest
import torch

from bench.compress.methods.gradual_magnitude import GradualMagnitude, cubic
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable


def test_sparsity_rises_as_a_cubic():
    assert [cubic(0.8, progress) for progress in (0.0, 0.5, 1.0)] == pytest.approx([0.0, 0.7, 0.8])


def test_exactly_the_share_is_removed_while_training(compressed, workbench, through_a_file):
    result = GradualMagnitude(0.75, times=2, share=1.0)(compressed, workbench)
    weights = prunable(result.network)
    assert sum(int((weight == 0).sum()) for weight in weights.values()) == int(
        0.75 * sum(weight.numel() for weight in weights.values())
    )
    for name, mask in result.masks.items():
        assert torch.equal(weights[name] == 0, ~mask)
    assert workbench.finetuned == 1
    through_a_file(result)


def test_each_time_it_prunes_what_training_made_of_the_weights(compressed, workbench):
    seen = []
    finetune = workbench.finetune

    def watched(network, *, before_step, **options):
        def watch(step, steps):
            before_step(step, steps)
            seen.append(sum(int((weight == 0).sum()) for weight in prunable(network).values()))

        return finetune(network, before_step=watch, **options)

    workbench.finetune = watched
    GradualMagnitude(0.8, times=2, share=1.0)(compressed, workbench)
    total = sum(weight.numel() for weight in prunable(compressed.network).values())
    assert seen == [0, int(cubic(0.8, 0.5) * total)]  # the rest goes behind the last step


def test_it_prunes_where_there_is_no_training(compressed, workbench):
    workbench.finetune = lambda network, **options: ()
    result = GradualMagnitude(0.8)(compressed, workbench)
    expected = Magnitude(0.8)(compressed, workbench)
    for name, mask in expected.masks.items():
        assert torch.equal(result.masks[name], mask)


def test_zeros_of_the_chain_stay(compressed, workbench):
    first = Magnitude(0.9)(compressed, workbench)
    result = GradualMagnitude(0.3)(first, workbench)
    for name, mask in first.masks.items():
        assert not result.network.get_parameter(name)[~mask].any()
