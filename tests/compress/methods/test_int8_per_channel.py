import pytest
import torch
from torch import nn

from bench.compress.methods.int8_per_channel import Int8PerChannel
from bench.compress.methods.int8_per_tensor import Int8PerTensor
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack


@pytest.mark.parametrize("symmetric", [True, False])
def test_a_byte_a_weight_and_one_step_a_filter(symmetric, compressed, workbench, through_a_file):
    result = finish(Int8PerChannel(symmetric)(compressed, workbench))
    through_a_file(result)
    side = 4 if symmetric else 5  # bytes: a step, and the code of zero
    expected = sum(weight.numel() + weight.shape[0] * (side + 4) for weight in prunable(result.network).values())
    assert sizes(pack(result, {})).payload_bytes == expected


def test_it_loses_less_than_one_step_for_all_filters(compressed, workbench):
    folded = prunable(finish(compressed).network)

    def error(method):
        rounded = prunable(finish(method(compressed, workbench)).network)
        return sum(float(((rounded[name] - folded[name]) ** 2).sum().detach()) for name in folded)

    assert error(Int8PerChannel()) < 0.8 * error(Int8PerTensor())


def test_the_given_network_stays(compressed, workbench):
    before = {name: tensor.clone() for name, tensor in compressed.network.state_dict().items()}
    Int8PerChannel()(compressed, workbench)
    assert all(torch.equal(before[name], tensor) for name, tensor in compressed.network.state_dict().items())


@pytest.mark.parametrize("symmetric", [True, False])
def test_pruned_weights_stay_zero(symmetric, compressed, workbench, through_a_file):
    pruned = Magnitude(0.8)(compressed, workbench)
    network = through_a_file(Int8PerChannel(symmetric)(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()


@pytest.mark.parametrize("groups", [1, 2, 8])
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_transposed_convolution_has_a_step_for_each_channel_that_it_puts_out(groups, symmetric, workbench):
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 8, 3, groups=groups), nn.Flatten()]
    network = nn.Sequential(*layers, nn.Linear(8 * 64, 4)).eval()
    weight = network[2].weight
    steps = weight.shape[1] if groups < 8 else 8
    with torch.no_grad():
        if groups < 8:
            weight.mul_(torch.logspace(0, -4, steps).view(1, -1, 1, 1))
        else:
            weight.mul_(torch.logspace(0, -4, steps).view(-1, 1, 1, 1))
    result = finish(Int8PerChannel(symmetric)(Compressed(network, example=workbench.example), workbench))
    axes = (0, 2, 3) if groups < 8 else (1, 2, 3)
    rounded = result.network[2].weight
    error = ((rounded - weight).square().sum(axes) / weight.square().sum(axes)).sqrt()
    assert error.max() < 0.01
    file = pack(result, {})
    stored = {layer.name: layer.payload_bytes for layer in sizes(file).layers}
    assert stored["2.weight"] == weight.numel() + steps * (4 if symmetric else 5)
    read = unpack(file, nn.Sequential(*layers, nn.Linear(8 * 64, 4)))
    assert torch.equal(read[2].weight, rounded)
