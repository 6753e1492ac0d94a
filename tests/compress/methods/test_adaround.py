import pytest
import torch

from bench.compress.methods.adaround import Adaround
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes

QUICK = {"steps": 40, "learning_rate": 0.05, "images": 64}


@pytest.mark.parametrize("grid", [{}, {"per_channel": False}, {"symmetric": False}])
def test_the_payload_is_that_of_k_bit(grid, compressed, workbench, through_a_file):
    result = finish(Adaround(3, **grid, **QUICK | {"steps": 2})(compressed, workbench))
    rounded = finish(KBit(3, **grid)(compressed, workbench))
    through_a_file(result)
    for mine, other in zip(sizes(pack(result, {})).layers, sizes(pack(rounded, {})).layers, strict=True):
        assert mine.name == other.name
        if mine.layout == other.layout == "dense":
            assert mine.payload_bytes == other.payload_bytes


def test_outputs_are_nearer_than_after_rounding(compressed, workbench):
    images = next(workbench.batches(64))[0]

    def error(method):
        with torch.no_grad():
            return float((method(compressed, workbench).network(images) - compressed.network(images)).square().mean())

    assert error(Adaround(3, **QUICK)) < 0.8 * error(KBit(3))


def test_pruned_weights_stay_zero_and_the_ends_are_wider(compressed, workbench, through_a_file):
    pruned = finish(Magnitude(0.6)(compressed, workbench))
    result = Adaround(4, ends=8, **QUICK | {"steps": 5})(pruned, workbench)
    network = through_a_file(result)
    assert [each.bits for each in result.representations.values()] == [8, 4, 4, 8]
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()


def test_the_same_seed_gives_the_same_network(compressed, workbench):
    quick = QUICK | {"steps": 10, "batch_size": 8}
    first, second = (prunable(Adaround(3, **quick)(compressed, workbench).network) for _ in range(2))
    workbench.seed = 1
    other = prunable(Adaround(3, **quick)(compressed, workbench).network)
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())
    assert not all(torch.equal(weight, other[name]) for name, weight in first.items())
