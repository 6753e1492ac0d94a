import pytest
import torch

from bench.compress.method import NotApplicable
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.obc import Obc
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.zoo.networks import build


@pytest.mark.parametrize("grid", [{}, {"per_channel": False}, {"symmetric": False}])
def test_the_payload_is_that_of_k_bit(grid, compressed, workbench, through_a_file):
    result = finish(Obc(3, images=32, **grid)(compressed, workbench))
    rounded = finish(KBit(3, **grid)(compressed, workbench))
    through_a_file(result)
    for mine, other in zip(sizes(pack(result, {})).layers, sizes(pack(rounded, {})).layers, strict=True):
        assert mine.name == other.name
        if mine.layout == other.layout == "dense":
            assert mine.payload_bytes == other.payload_bytes


def test_outputs_are_nearer_than_after_rounding(compressed, workbench):
    images = next(workbench.batches(128))[0]

    def error(method):
        with torch.no_grad():
            return float((method(compressed, workbench).network(images) - compressed.network(images)).square().mean())

    assert error(Obc(3, images=128)) < 0.8 * error(KBit(3))


def test_pruned_weights_stay_zero(compressed, workbench, through_a_file):
    pruned = finish(Magnitude(0.6)(compressed, workbench))
    network = through_a_file(Obc(4, images=32)(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()


def test_wide_layers_are_refused(workbench):
    start = Compressed(build.build("resnet18", 3, 4, 8, 0).eval(), example=workbench.example)
    with pytest.raises(NotApplicable, match=r"has 1,152 weights per filter, and this method takes 1,024 at most"):
        Obc()(start, workbench)
