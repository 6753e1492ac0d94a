from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.micronet import MicroNet, micronet
from bench.footprint.packed import pack
from bench.footprint.representation import Binary, ChannelCodebook, Codebook, Float, Integer, OddInteger, OffsetInteger
from bench.footprint.structure import rebuild

SHAPE = (1, 3, 32, 32)


def _score(compressed: Compressed, build) -> MicroNet:
    return micronet(pack(finish(compressed), {}), build(), SHAPE)


@pytest.fixture
def resnet20(cifar_resnet):
    return lambda: cifar_resnet(blocks=3, classes=100, width=16)


def test_resnet20_with_nothing_quantised(resnet20, image):
    found = _score(Compressed(resnet20(), example=image), resnet20)
    macs, relus, sums, pool = 40_556_800, 188_416, 86_016, 64
    assert found.parameters == (274_096 + 688 + 100) / 2
    assert found.multiplications == (macs + relus + pool) / 2
    assert found.additions == macs + sums + pool * 63
    assert round(found.score, 6) == 0.009582


def test_resnet20_with_nine_tenths_pruned(resnet20, image):
    """All but the first and the last layer, as the challenge's entries did."""
    network = resnet20()
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d) and name != "conv1":
            weights = layer.weight.data.view(-1)
            weights[weights.abs().argsort()[: int(0.9 * weights.numel())]] = 0
    assert round(_score(Compressed(network, example=image), resnet20).score, 6) == 0.001355


def test_the_reference_network_in_full_precision():
    assert MicroNet(36.5e6, 5.245e9, 5.245e9).score == 2.0


def _linear() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 4, bias=False))


def _with(stored, bits: int = 32) -> MicroNet:
    network = _linear()
    network[1].weight.data = torch.from_numpy(np.array(stored.decode()))
    packed = pack(Compressed(network, representations={"1.weight": stored}, activation_bits=bits), {})
    return micronet(packed, _linear(), SHAPE)


NUMEL = 4 * 3072
CODES = np.random.default_rng(0).integers(1, 8, (4, 3072))
WORDS = np.ones((16, 2), np.float16)
TABLES = np.tile(np.arange(1, 17, dtype=np.float16), (4, 1))
SHARED = np.arange(8, dtype=np.float32)[:, None]
SPARSE = CODES * (np.arange(NUMEL).reshape(4, 3072) % 4 == 0)


@pytest.mark.parametrize(
    ("stored", "bits", "parameters", "multiplications", "additions"),
    [
        # 4-bit weights, float activations: parameters count 4 bits, products are of 32
        (Integer(CODES, np.ones(1), 4), 32, NUMEL * 4 / 32 + 1, NUMEL, NUMEL - 4),
        (Integer(CODES, np.ones(1), 4), 8, NUMEL * 4 / 32 + 1, NUMEL / 4, NUMEL - 4),
        # a quarter of the weights, and a bit for each
        (Integer(SPARSE, np.ones(4), 8), 8, (NUMEL / 4 * 8 + NUMEL) / 32 + 4, NUMEL / 16, NUMEL / 4 - 4),
        # a product with ±1 costs a bit
        (Binary(CODES > 3, np.ones(4, np.float32)), 32, NUMEL / 32 + 4, NUMEL / 32, NUMEL - 4),
        # half a code a weight, and 16 words of two numbers of 16 bits
        (
            Codebook(CODES[:, ::2], WORDS, (4, 3072)),
            8,
            NUMEL / 2 * 4 / 32 + 16,
            NUMEL / 2,
            NUMEL - 4,
        ),
        # a table of 16 words of 16 bits per channel
        (ChannelCodebook(CODES, TABLES, (4, 3072)), 8, NUMEL * 4 / 32 + 32, NUMEL / 2, NUMEL - 4),
        # 4-bit codes from a lowest weight, whose products are summed before both numbers of a channel are applied
        (OffsetInteger(CODES, np.ones(4), np.ones(4), 4), 8, NUMEL * 4 / 32 + 8, NUMEL / 4, NUMEL - 4),
        # odd integers; of 1 bit they are signs
        (OddInteger(CODES, np.ones(4), 4), 8, NUMEL * 4 / 32 + 4, NUMEL / 4, NUMEL - 4),
        (OddInteger(CODES > 7, np.ones(1), 1), 32, NUMEL / 32 + 1, NUMEL / 32, NUMEL - 4),
        # shared weights (words of one number), of which three quarters are zero: a mask too
        (
            Codebook(SPARSE, SHARED, (4, 3072)),
            32,
            (NUMEL / 4 * 3 + NUMEL) / 32 + 8,
            NUMEL / 4,
            NUMEL / 4 - 4,
        ),
        (Float(np.ones((4, 3072), np.float32), "float16"), 16, NUMEL / 2, NUMEL / 2, NUMEL - 4),
        (Float(np.ones((4, 3072), np.float32), "float16"), 32, NUMEL / 2, NUMEL / 2, NUMEL - 4),
        # nothing quantised: 16 bits for free, but not of the additions
        (Float(np.ones((4, 3072), np.float32)), 32, NUMEL / 2, NUMEL / 2, NUMEL - 4),
    ],
)
def test_widths(stored, bits, parameters, multiplications, additions):
    found = _with(stored, bits)
    assert (found.parameters, found.multiplications, found.additions) == (parameters, multiplications, additions)


def test_of_a_network_with_binary_feature_maps_only_products_read_signs():
    network = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(3072, 4, bias=False))
    signs = Binary(CODES > 3, np.ones(4, np.float32))
    network[2].weight.data = torch.from_numpy(np.array(signs.decode()))
    packed = pack(Compressed(network, representations={"2.weight": signs}, activation_bits=1), {})
    found = micronet(packed, nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(3072, 4, bias=False)), SHAPE)
    assert found.multiplications == 3072 + NUMEL / 32


def test_quantised_inputs_count_where_they_are_read():
    def fresh():
        return nn.Sequential(nn.Linear(3072, 4, bias=False), nn.ReLU(), nn.Linear(4, 5, bias=False))

    network = fresh()
    stored = {
        f"{layer}.weight": Integer(np.ones(shape), np.ones(1), 2) for layer, shape in ((0, (4, 3072)), (2, (5, 4)))
    }
    for name, integers in stored.items():
        network.get_parameter(name).data = torch.from_numpy(integers.decode())
    described = {"kind": "quantized-inputs", "inputs": {"0": {"bits": 6, "limit": 1.0}}}
    compressed = Compressed(rebuild(network, [described]), (described,), stored, activation_bits=6)
    found = micronet(pack(compressed, {}), fresh(), (1, 3072))
    # products of 2 and 6 bits count 6; the second layer reads 32 bits, and so does the ReLU
    assert found.multiplications == NUMEL * 6 / 32 + 20 + 4


@pytest.mark.parametrize("inputs", [3, {"0": 4}, {"0": {"bits": 77}}])
def test_a_file_that_lies_about_quantised_inputs_is_refused(inputs):
    lying = Compressed(nn.Linear(3, 2), ({"kind": "quantized-inputs", "inputs": inputs},))
    with pytest.raises(InputError, match="malformed"):
        micronet(pack(lying, {}), nn.Linear(3, 2), (1, 3))


@pytest.mark.parametrize(
    ("function", "multiplications", "additions"),
    [
        (nn.ReLU(), 0.5, 0),
        (nn.ReLU6(), 1, 0),
        (nn.Sigmoid(), 1, 1),
        (nn.SiLU(), 1.5, 1),
        (nn.Hardswish(), 2, 1),
        (nn.BatchNorm2d(3), 0.5, 1),
        (nn.Identity(), 0, 0),
        (nn.MaxPool2d(2), 0.5, 0),
    ],
)
def test_functions_of_each_number(function, multiplications, additions):
    network = nn.Sequential(function).eval()
    found = micronet(pack(Compressed(network), {}), nn.Sequential(function), SHAPE)
    assert (found.multiplications, found.additions) == (multiplications * 3072, additions * 3072)


@pytest.mark.parametrize(
    ("activation", "multiplications", "additions"),
    [
        (nn.GELU(), 4, 1),
        (nn.ELU(), 2, 1),
        (nn.SELU(), 2, 1),
        (nn.CELU(), 3, 1),
        (nn.Mish(), 6, 3),
        (nn.Tanh(), 3, 2),
        (nn.Softplus(), 2, 1),
        (nn.PReLU(), 1, 0),
        (nn.GroupNorm(3, 3), 3, 4),
        (nn.InstanceNorm2d(3), 3, 4),
        (nn.InstanceNorm2d(3, affine=True, track_running_stats=True), 1, 1),
        (nn.RReLU(), 1, 0),
        (nn.Softmax(dim=1), 2, 1),
    ],
)
def test_no_activation_is_free(activation, multiplications, additions):
    def network():
        return nn.Sequential(activation, nn.Flatten(), nn.Linear(3072, 4))

    def bare():
        return nn.Sequential(nn.Flatten(), nn.Linear(3072, 4))

    scores = [
        micronet(pack(Compressed(build(), activation_bits=8 * 4), {}), build(), SHAPE) for build in (network, bare)
    ]
    assert scores[0].multiplications - scores[1].multiplications == multiplications * 3072 / 2
    assert scores[0].additions - scores[1].additions == additions * 3072


def test_sums_of_a_transposed_convolution_without_a_bias():
    def network():
        return nn.Sequential(nn.ConvTranspose2d(3, 5, 2, stride=2, bias=False))

    score = micronet(pack(Compressed(network()), {}), network(), SHAPE)
    assert score.additions == 32 * 32 * 3 * 5 * 4 - 5 * 64 * 64


def test_an_index_does_not_forfeit_the_freebie():
    class Indexed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 4, 3, bias=False), nn.Linear(4, 2)

        def forward(self, x):
            return self.fc(self.conv(x).mean((2, 3)))

    def indexed():
        network = Indexed()
        network.register_buffer("index", torch.arange(4))
        return network

    image = torch.zeros(1, 1, 6, 6)
    plain, found = (
        micronet(pack(finish(Compressed(build().eval(), example=image)), {}), build(), (1, 1, 6, 6))
        for build in (Indexed, indexed)
    )
    assert found.multiplications == plain.multiplications
    assert found.parameters == pytest.approx(plain.parameters + 4 * 2 / 32)  # three bits would do; it is stored in two
