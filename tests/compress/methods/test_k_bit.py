import pytest
import torch

from bench.compress import variant
from bench.compress.methods.int8_per_channel import Int8PerChannel
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable
from bench.errors import InputError
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_payload_is_the_formula(bits, compressed, workbench, through_a_file):
    result = finish(KBit(bits)(compressed, workbench))
    through_a_file(result)
    layers = sizes(pack(result, {})).layers
    for name, weight in prunable(result.network).items():
        dense = -(-weight.numel() * bits // 8) + 4 * weight.shape[0]
        layer = next(layer for layer in layers if layer.name == name)
        assert layer.payload_bytes <= dense
        assert layer.layout != "dense" or layer.payload_bytes == dense


@pytest.mark.parametrize("bits", [2, 4])
def test_asymmetric_codes_come_back_from_the_file(bits, compressed, workbench, through_a_file):
    result = KBit(bits, symmetric=False)(compressed, workbench)
    through_a_file(result)
    assert all(result.representations[name].codes.max() < 2**bits for name in prunable(result.network))


def test_eight_clipped_bits_lose_no_more_than_eight_unclipped(compressed, workbench):
    folded = prunable(finish(compressed).network)

    def error(method):
        rounded = prunable(finish(method(compressed, workbench)).network)
        return sum(float(((rounded[name] - folded[name]) ** 2).sum().detach()) for name in folded)

    assert error(KBit(8)) <= error(Int8PerChannel()) < error(KBit(4)) < error(KBit(2))
    assert error(KBit(4)) < 0.9 * error(KBit(4, per_channel=False))


def test_pruned_weights_stay_zero(compressed, workbench, through_a_file):
    pruned = Magnitude(0.8)(compressed, workbench)
    network = through_a_file(KBit(4)(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()
        assert torch.count_nonzero(network.get_parameter(name)) > 0


def test_a_width_that_is_not_offered_is_named():
    with pytest.raises(InputError, match=r"bits.*given 5"):
        variant.parse("k-bit:bits=5").spec()
