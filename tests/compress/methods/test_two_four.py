from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bench.compress.budget import Budget
from bench.compress.method import NotApplicable
from bench.compress.methods.k_bit import KBit
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.two_four import TwoFour
from bench.compress.variant import parse
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack

ONE_SHOT = TwoFour(epochs=0)


def layered() -> nn.Sequential:
    """First, depthwise, transposed and last layers besides those that two of four suit."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3, groups=16), nn.ReLU(), nn.Conv2d(16, 32, 3, groups=2),
        nn.BatchNorm2d(32), nn.ReLU(), nn.ConvTranspose2d(32, 16, 3), nn.ReLU(), nn.Conv2d(16, 64, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10),
    ).eval()  # fmt: skip


def given() -> Compressed:
    return Compressed(layered(), example=torch.zeros(1, 3, 12, 12))


def test_the_two_largest_of_four_input_channels_survive(compressed, workbench):
    pruned = ONE_SHOT(compressed, workbench)
    dense = compressed.network.block.conv1.weight.detach()
    weight = pruned.network.block.conv1.weight.detach()
    for group in range(2):
        for position in range(9):
            before = dense.flatten(2)[:, 4 * group : 4 * group + 4, position]
            after = weight.flatten(2)[:, 4 * group : 4 * group + 4, position]
            for old, new in zip(before.tolist(), after.tolist(), strict=True):
                largest = sorted(old, key=abs)[2:]
                assert new == [value if value in largest else 0 for value in old]
    assert workbench.finetuned == 0
    assert (compressed.network.block.conv1.weight != 0).all()


def test_layers_of_other_multiples_stay_dense():
    assert set(ONE_SHOT(given(), None).masks) == {"4.weight", "9.weight", "13.weight"}
    assert set(TwoFour(multiple=16, epochs=0)(given(), None).masks) == {"9.weight", "13.weight"}
    assert set(TwoFour(n=4, m=16, epochs=0)(given(), None).masks) == {"9.weight", "13.weight"}


def test_survivors_are_trained_and_zeros_stay(compressed, workbench, through_a_file):
    trained, one_shot = TwoFour(epochs=3.0)(compressed, workbench), ONE_SHOT(compressed, workbench)
    assert workbench.epochs_used == [3.0]
    for name, mask in one_shot.masks.items():
        weight = trained.network.get_parameter(name)
        assert torch.equal(weight == 0, ~mask)
        assert not torch.equal(weight, one_shot.network.get_parameter(name))
    through_a_file(trained)


def test_budgets():
    assert TwoFour().budget(10, 30) == Budget(finetuned=10)
    assert TwoFour(epochs=182).budget(10, 30) == Budget(finetuned=182)
    assert ONE_SHOT.budget(10, 30) == Budget()


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (4, 8), (3, 5)])
@pytest.mark.parametrize("bits", [32, 8, 4])
def test_the_payload_is_the_formula_to_the_byte(n, m, bits):
    pruned = TwoFour(n=n, m=m, epochs=0)(given(), None)
    finished = finish(pruned) if bits == 32 else KBit(bits)(pruned, None)
    packed = pack(finished, {"name": "layered"})
    stored = {layer.name: layer for layer in sizes(packed).layers}
    patterns = math.comb(m, n)
    for name, mask in pruned.masks.items():
        channels = mask.shape[1]
        groups = mask[:, 0].numel() * math.ceil(channels / m)
        words = {k: (patterns**k - 1).bit_length() for k in range(1, 64)}
        pattern_bits = min(math.ceil(groups / k) * word for k, word in words.items() if word <= 63)
        kept = mask[:, 0].numel() * (channels // m * n + min(n, channels % m))
        side = 0 if bits == 32 else finished.representations[name].side_bits
        assert stored[name].layout == "two-four"
        assert stored[name].payload_bytes == math.ceil((pattern_bits + kept * bits) / 8) + side // 8
    images = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, expected = unpack(packed, layered())(images), finished.network(images)
    torch.testing.assert_close(found, expected)


def test_less_than_a_mask_of_bits_or_two_bits_per_survivor_takes():
    packed = pack(finish(ONE_SHOT(given(), None)), {})
    for layer in sizes(packed).layers:
        if layer.layout == "two-four":
            numel = math.prod(layer.shape)
            assert layer.payload_bytes < numel * 34 / 2 / 8
            assert layer.bytes["indices"] < 0.67 * numel / 8


def test_survivors_that_round_to_zero_stay_in_the_pattern():
    pruned = ONE_SHOT(given(), None)
    with torch.no_grad():
        pruned.network[13].weight.mul_(torch.rand(32, 64) < 0.7)  # a third of the survivors are zero by now
    packed = pack(finish(pruned), {})
    (layer,) = (layer for layer in sizes(packed).layers if layer.name == "13.weight")
    assert layer.layout in ("two-four", "bitmask")
    assert torch.equal(unpack(packed, layered())[13].weight, pruned.network[13].weight)


def test_other_methods_are_stored_as_before():
    for method in (Magnitude(0.5), Magnitude(0.9)):
        pruned = method(given(), None)
        without = pack(finish(pruned).but(masks={}), {})
        assert pack(finish(pruned), {}) == without


def test_pruning_before_it_is_kept(compressed, workbench):
    earlier = Magnitude(0.5)(compressed, workbench)
    later = ONE_SHOT(earlier, workbench)
    for name, mask in earlier.masks.items():
        assert not (later.masks[name] & ~mask).any()


def test_a_network_without_such_layers_is_refused(workbench):
    narrow = nn.Sequential(nn.Conv2d(3, 6, 3), nn.Flatten(), nn.Linear(6, 10))
    with pytest.raises(NotApplicable, match="no layer whose output channels are a multiple of 8"):
        TwoFour()(Compressed(narrow), workbench)


@pytest.mark.parametrize("settings", ["n=4", "n=5,m=4", "m=17", "n=0", "m=1", "epochs=-1"])
def test_wrong_settings_are_refused_in_a_sentence(settings):
    with pytest.raises(InputError) as refusal:
        parse(f"two-four:{settings}").check()
    assert len(refusal.value.problems) == 1
