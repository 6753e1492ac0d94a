import pytest
import torch

from bench.compress.methods.int8_per_channel import Int8PerChannel
from bench.compress.methods.int8_per_tensor import Int8PerTensor
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes


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
