import pytest
import torch

from bench.compress.methods.li import Li
from bench.compress.methods.magnitude import Magnitude


def test_filters_with_the_smallest_norms_go(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    result = Li(0.5)(compressed, workbench)
    original = compressed.network.block.conv1.weight
    kept = original.abs().sum((1, 2, 3)).argsort()[4:].sort().values
    assert torch.equal(result.network.block.conv1.weight, original[kept])
    assert torch.equal(result.network.block.bn1.bias, compressed.network.block.bn1.bias[kept])
    assert torch.equal(result.network.block.conv2.weight, compressed.network.block.conv2.weight[:, kept])
    assert result.network.conv.weight.shape == compressed.network.conv.weight.shape


@pytest.mark.parametrize(("ratio", "kept"), [(0.0, 8), (0.1, 7), (0.125, 7), (0.3, 5), (0.99, 1)])
def test_the_share_is_rounded_up_and_one_filter_stays(ratio, kept, compressed, workbench):
    assert Li(ratio)(compressed, workbench).network.block.conv1.out_channels == kept


def test_the_same_network_comes_from_the_file(compressed, workbench, through_a_file):
    result = Li(0.4)(compressed, workbench)
    assert through_a_file(result).block.conv1.weight.shape == (4, 8, 3, 3)
    assert workbench.finetuned == 1


def test_weights_pruned_before_stay_zero(compressed, workbench, through_a_file):
    result = Li(0.4)(Magnitude(0.5)(compressed, workbench), workbench)
    for name, mask in result.masks.items():
        assert not result.network.get_parameter(name)[~mask].any()
        assert mask.shape == result.network.get_parameter(name).shape
    through_a_file(result)


def test_layers_that_are_added_lose_the_same_filters_by_their_mean_norm(compressed, workbench, through_a_file):
    workbench.finetune = lambda network, **_: ()
    network = compressed.network
    result = Li(0.5, channels="all")(compressed, workbench)
    norms = torch.stack([weight.abs().sum((1, 2, 3)) for weight in (network.conv.weight, network.block.conv2.weight)])
    kept = norms.mean(0).argsort()[4:].sort().values
    assert torch.equal(result.network.conv.weight, network.conv.weight[kept])
    assert torch.equal(result.network.bn.weight, network.bn.weight[kept])
    assert torch.equal(result.network.block.bn2.bias, network.block.bn2.bias[kept])
    assert result.network.block.conv1.weight.shape[:2] == (4, 4)
    through_a_file(result)


@pytest.mark.parametrize("skip", [("conv",), ("block.conv2",)])
def test_a_layer_that_keeps_its_filters_keeps_those_it_is_added_to(skip, compressed, workbench):
    result = Li(0.5, channels="all", skip=skip)(compressed, workbench).network
    assert result.conv.out_channels == result.block.conv2.out_channels == 8
    assert result.block.conv1.out_channels == 4
