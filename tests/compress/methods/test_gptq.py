import pytest
import torch

from bench.compress.methods.gptq import Gptq
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("grid", [{}, {"per_channel": False}, {"symmetric": False}])
def test_the_payload_is_that_of_k_bit(bits, grid, compressed, workbench, through_a_file):
    result = finish(Gptq(bits, images=32, **grid)(compressed, workbench))
    rounded = finish(KBit(bits, **grid)(compressed, workbench))
    through_a_file(result)
    for mine, other in zip(sizes(pack(result, {})).layers, sizes(pack(rounded, {})).layers, strict=True):
        assert mine.name == other.name
        if mine.layout == other.layout == "dense":
            assert mine.payload_bytes == other.payload_bytes
    for name, weight in prunable(result.network).items():
        one, two = result.representations[name], rounded.representations[name]
        assert one.scale == pytest.approx(two.scale, rel=1e-6)
        assert (one.bits, one.shape) == (two.bits, weight.shape)


@pytest.mark.parametrize("settings", [{}, {"ends": 8}, {"symmetric": False, "per_channel": False}])
def test_without_images_weights_are_rounded_to_nearest(settings, compressed, workbench, through_a_file):
    result = Gptq(4, images=0, **settings)(compressed, workbench)
    through_a_file(result)
    folded = finish(compressed)
    for name, integer in result.representations.items():
        left = (torch.from_numpy(integer.decode()) - folded.network.get_parameter(name)).abs().flatten(1)
        step = torch.from_numpy(integer.scale).reshape(-1, 1)
        # half a step at most, but for the outermost that a narrowed range clips
        assert (left <= 0.5001 * step).float().mean() > 0.95
    fitted = Gptq(4, images=32, **settings)(compressed, workbench).representations
    assert {name: each.bits for name, each in result.representations.items()} == {
        name: each.bits for name, each in fitted.items()
    }
    assert any((each.codes != fitted[name].codes).any() for name, each in result.representations.items())


def test_outputs_are_nearer_than_after_rounding(compressed, workbench):
    images = torch.cat([batch for batch, _ in workbench.batches(256)])

    def error(method):
        with torch.no_grad():
            return float((method(compressed, workbench).network(images) - compressed.network(images)).square().mean())

    assert error(Gptq(3)) < 0.8 * error(KBit(3))
    assert error(Gptq(4)) < 0.8 * error(KBit(4))


def test_the_first_layer_and_the_last_may_be_wider(compressed, workbench):
    result = Gptq(2, ends=8, images=32)(compressed, workbench)
    assert [each.bits for each in result.representations.values()] == [8, 2, 2, 8]


def test_pruned_weights_stay_zero(compressed, workbench, through_a_file):
    pruned = finish(Magnitude(0.6)(compressed, workbench))
    network = through_a_file(Gptq(4, images=64)(pruned, workbench))
    for name, mask in pruned.masks.items():
        assert not network.get_parameter(name)[~mask].any()
        assert network.get_parameter(name).any()


def test_images_without_labels_are_enough(compressed, workbench):
    first = Gptq(3, images=40)(compressed, workbench)
    workbench.classes = 1
    second = Gptq(3, images=40)(compressed, workbench)
    assert workbench.finetuned == 0
    for name, weight in prunable(first.network).items():
        assert torch.equal(weight, prunable(second.network)[name])
