import numpy as np
import pytest
import torch
from torch import nn

from bench.zoo.networks.activations import as_features, block_activations


class InPlace(nn.Module):
    """Writes over its first block's output after the hook has seen it."""

    def __init__(self):
        super().__init__()
        self.block, self.idle = nn.Identity(), nn.Identity()

    def forward(self, x):
        return self.block(x * 2).zero_()


def test_what_a_block_put_out_is_kept_though_it_is_overwritten():
    batches = [torch.ones(2, 3, 4, 4), torch.full((1, 3, 4, 4), 5.0)]
    (found,) = block_activations(InPlace(), ["block"], batches)
    np.testing.assert_array_equal(found[:, 0, 0, 0], [2.0, 2.0, 10.0])


def test_hooks_are_gone_afterwards_and_a_silent_layer_is_named():
    network = InPlace()
    with pytest.raises(LookupError, match="idle"):
        block_activations(network, ["block", "idle"], [torch.ones(1, 1, 1, 1)])
    assert not network.block._forward_hooks


def test_conventions_of_features():
    maps = np.arange(2 * 3 * 2 * 2, dtype=np.float32).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(as_features(maps, "pooled")[0], [1.5, 5.5, 9.5])
    assert as_features(maps, "flattened").shape == (2, 12)
    assert as_features(maps[:, :, 0, 0], "pooled").shape == (2, 3)
