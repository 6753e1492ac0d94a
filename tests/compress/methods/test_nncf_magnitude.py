import pytest
import torch

from bench.compress.method import NotApplicable
from bench.compress.methods.float16 import Float16
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.nncf_magnitude import NncfMagnitude
from bench.compress.pruning.masking import prunable


def without_training(workbench):
    workbench.finetune = lambda network, **options: ()
    return workbench


@pytest.mark.parametrize("gradual", [False, True])
def test_weights_are_ranked_by_their_share_of_their_layers_norm(gradual, compressed, workbench):
    result = NncfMagnitude(0.7, gradual=gradual)(compressed, without_training(workbench))
    weights = prunable(compressed.network)
    shares = torch.cat([(weight / weight.norm()).abs().flatten() for weight in weights.values()]).detach()
    threshold = shares.sort().values[int(0.7 * (len(shares) - 1))]
    for name, weight in weights.items():
        assert torch.equal(result.network.get_parameter(name) != 0, (weight / weight.norm()).abs() > threshold)


def test_locally_every_layer_loses_the_share(compressed, workbench):
    result = NncfMagnitude(0.7, scope="local")(compressed, without_training(workbench))
    for name, weight in prunable(result.network).items():
        assert int((weight == 0).sum()) == int(0.7 * (weight.numel() - 1)) + 1, name


@pytest.mark.parametrize("gradual", [False, True])
def test_survivors_are_trained_and_nothing_of_nncf_is_left(gradual, compressed, workbench, through_a_file):
    result = NncfMagnitude(0.8, gradual=gradual)(compressed, workbench)
    assert workbench.finetuned == 1
    assert set(result.network.state_dict()) == set(compressed.network.state_dict())
    for name, mask in result.masks.items():
        weight = result.network.get_parameter(name)
        assert torch.equal(weight == 0, ~mask)
        assert not torch.equal(weight, compressed.network.get_parameter(name) * mask)
    through_a_file(result)


def test_zeros_of_the_chain_stay_and_take_no_part_in_training(compressed, workbench):
    first = Magnitude(0.9)(compressed, workbench)
    finetune = workbench.finetune

    def watched(network, **options):
        history = finetune(network, **options)
        assert not any(network.get_parameter(name)[~mask].any() for name, mask in first.masks.items())
        return history

    workbench.finetune = watched
    result = NncfMagnitude(0.3)(first, workbench)
    for name, mask in first.masks.items():
        assert not result.network.get_parameter(name)[~mask].any()


def test_rounded_weights_are_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match="already"):
        NncfMagnitude()(Float16()(compressed, workbench), workbench)


def test_a_weight_that_is_a_buffer_is_refused(compressed, workbench):
    layer = compressed.network.conv
    weight = layer.weight.detach()
    del layer.weight
    layer.register_buffer("weight", weight)
    with pytest.raises(NotApplicable, match="the weight of conv is a buffer, not a parameter"):
        NncfMagnitude(0.7)(compressed, workbench)
