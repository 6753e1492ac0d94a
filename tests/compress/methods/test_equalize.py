import pytest
import torch

from bench.compress.methods.equalize import Equalize
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.magnitude import Magnitude
from bench.compress.variant import parse
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes


@pytest.fixture
def uneven(compressed):
    """A network whose block has filters of very different ranges, as MobileNets have."""
    with torch.no_grad():
        compressed.network.block.bn1.weight.copy_(torch.logspace(-2, 1, 8))
        compressed.network.block.bn1.bias.mul_(compressed.network.block.bn1.weight)
    return compressed


def error(start, workbench, method):
    images = next(workbench.batches(64))[0]
    with torch.no_grad():
        return float((method(start, workbench).network(images) - start.network(images)).square().mean())


def test_the_payload_is_that_of_k_bit_per_tensor(uneven, workbench, through_a_file):
    result = finish(Equalize(4, images=32)(uneven, workbench))
    rounded = finish(KBit(4, per_channel=False)(uneven, workbench))
    through_a_file(result)
    for mine, other in zip(sizes(pack(result, {})).layers, sizes(pack(rounded, {})).layers, strict=True):
        assert mine.name == other.name
        if mine.layout == other.layout == "dense":
            assert mine.payload_bytes == other.payload_bytes


def test_it_helps_one_step_per_tensor(uneven, workbench):
    equal = error(uneven, workbench, Equalize(4, images=64))
    assert equal < 0.5 * error(uneven, workbench, KBit(4, per_channel=False))
    assert equal < error(uneven, workbench, Equalize(4, images=64, correction=False))
    assert error(uneven, workbench, Equalize(4, images=64, correction=False)) < error(
        uneven, workbench, Equalize(4, images=64, sweeps=0, correction=False)
    )


def test_without_rounding_the_function_is_unchanged_and_the_chain_goes_on(uneven, workbench, through_a_file):
    assert error(uneven, workbench, Equalize(rounded=False)) < 1e-10
    through_a_file(parse("equalize:rounded=false+int8-per-tensor").apply(uneven, workbench))


def test_pruned_weights_stay_zero(uneven, workbench, through_a_file):
    pruned = finish(Magnitude(0.6)(uneven, workbench))
    network = through_a_file(Equalize(images=32)(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()
