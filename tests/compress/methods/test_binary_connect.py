import numpy as np
import pytest
import torch
from torch import nn

from bench.compress.methods.binary_connect import BinaryConnect
from bench.compress.pruning.masking import prunable
from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack, sizes
from bench.footprint.representation import Binary


@pytest.mark.parametrize("stochastic", [False, True])
def test_every_layer_is_one_bit_a_weight(stochastic, compressed, workbench, through_a_file):
    result = BinaryConnect(stochastic)(compressed, workbench)
    through_a_file(result)
    weights = prunable(result.network)
    assert all(isinstance(result.representations[name], Binary) for name in weights)
    for name, weight in weights.items():
        magnitudes = weight.detach().abs().flatten(1)
        assert torch.equal(magnitudes, magnitudes[:, :1].expand_as(magnitudes)), name


def test_payload_is_a_bit_a_weight_and_64_a_normalised_channel(compressed, workbench):
    result = BinaryConnect()(compressed, workbench)
    size = sizes(pack(result, {}))
    weights = sum(-(-weight.numel() // 8) for weight in prunable(result.network).values())
    normalised = 3 * 8
    assert size.payload_bytes == weights + 8 * normalised + 4 * 4  # and the classifier's biases


def test_where_no_normalisation_follows_weights_are_plus_and_minus_one(compressed, workbench):
    result = BinaryConnect()(compressed, workbench)
    assert result.representations["fc.weight"].alpha is None
    assert set(np.unique(result.representations["fc.weight"].decode())) == {-1.0, 1.0}


def test_a_step_sees_signs_and_moves_real_weights():
    """One step of gradient descent by hand: forward and backward at the signs, the update on real weights, clipped."""
    network = nn.Linear(3, 1, bias=False)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[0.5, -0.5, 0.001]]) * 3**-0.5 / (0.5 / 3 + 1e-6 / 3) ** 0.5)
    x = torch.tensor([[1.0, 2.0, 5.0]])

    class OneStep:
        def batches(self, images, batch_size):
            return iter(())

        def finetune(self, network, *, after_step, distill):
            network.train()
            out = network(x)
            assert out.item() == 1 - 2 + 5
            out.sum().backward()
            original = network.parametrizations.weight.original
            torch.testing.assert_close(original.grad, x * (3 + 1) / 1.5)
            with torch.no_grad():
                original -= 0.2 * original.grad
            after_step(0, 1)
            assert original.min() >= -1
            network.eval()
            return ()

    result = BinaryConnect()(Compressed(network), OneStep())
    assert result.representations["weight"].positive.tolist() == [[True, False, False]]
