import numpy as np
import pytest
import torch
from torch import nn

from bench.zoo.networks.activations import as_features, block_outputs_of, widths, within


class InPlace(nn.Module):
    """Writes over its first block's output after the hook has seen it."""

    def __init__(self):
        super().__init__()
        self.block, self.idle = nn.Identity(), nn.Identity()

    def forward(self, x):
        return self.block(x * 2).zero_()


def test_what_a_block_put_out_is_kept_though_it_is_overwritten():
    batches = [torch.ones(2, 3, 4, 4), torch.full((1, 3, 4, 4), 5.0)]
    (found,) = block_outputs_of(InPlace(), ["block"], batches, ["pooled", "flattened"])
    np.testing.assert_array_equal(found.features["pooled"][:, 0], [2.0, 2.0, 10.0])
    assert found.features["flattened"].shape == (3, 48)


def test_hooks_are_gone_afterwards_and_a_silent_layer_is_named():
    network = InPlace()
    with pytest.raises(LookupError, match="idle"):
        block_outputs_of(network, ["block", "idle"], [torch.ones(1, 1, 1, 1)], ["pooled"])
    assert not network.block._forward_hooks


def test_a_digest_tells_the_last_bit_but_not_the_sign_of_zero():
    def digest(value, shape=(1, 2, 2, 2)):
        values = torch.zeros(shape)
        values.view(-1)[0] = value
        return block_outputs_of(nn.Sequential(nn.Identity()), ["0"], [values], ["pooled"])[0].digest

    assert digest(1.0) == digest(1.0) != digest(float(np.nextafter(np.float32(1), np.float32(2))))
    assert digest(0.0) == digest(-0.0) != digest(0.0, (1, 4, 2, 1))


def test_conventions_of_features():
    maps = np.arange(2 * 3 * 2 * 2, dtype=np.float32).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(as_features(maps, "pooled")[0], [1.5, 5.5, 9.5])
    assert as_features(maps, "flattened").shape == (2, 12)
    assert as_features(maps[:, :, 0, 0], "pooled").shape == (2, 3)


def test_layers_are_asked_for_in_runs_that_fit():
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    sizes = widths(network, ["0", "1", "3"], torch.zeros(1, 1, 4, 4))
    assert sizes == [64, 8, 3]
    for bound in range(1, 80):
        runs = within(sizes, bound)
        assert [number for run in runs for number in run] == [0, 1, 2]
        assert all(len(run) == 1 or sum(sizes[number] for number in run) <= bound for run in runs)
    assert within([], 5) == []
