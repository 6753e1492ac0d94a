import pytest
import torch

from bench.compress import variant
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.splicing import Splicing
from bench.compress.pruning.masking import prunable


@pytest.mark.parametrize("until", [0.5, 1.0])
def test_the_share_of_zeros_is_exact_and_survives_the_file(until, compressed, workbench, through_a_file):
    result = Splicing(0.7, interval=1, until=until)(compressed, workbench)
    weights = prunable(through_a_file(result))
    assert sum(int((w == 0).sum()) for w in weights.values()) == int(0.7 * sum(w.numel() for w in weights.values()))
    assert workbench.finetuned == 1
    assert variant.parse("splicing").budget(2, 30).finetuned == 2
    assert any((result.network.get_parameter(n) != w).any() for n, w in compressed.network.named_parameters())


def test_earlier_zeros_stay(compressed, workbench):
    earlier = Magnitude(0.5)(compressed, workbench)
    result = Splicing(0.6, interval=1)(earlier, workbench)
    for name, mask in result.masks.items():
        assert not (mask & ~earlier.masks[name]).any()
        assert torch.equal(result.network.get_parameter(name) == 0, ~mask)
