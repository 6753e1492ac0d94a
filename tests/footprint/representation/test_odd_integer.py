from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack
from bench.footprint.representation import OddInteger

CODES = np.array([[0, 1, 3], [2, 0, 1]])


def test_by_hand():
    stored = OddInteger(CODES, np.array([0.5, 2]), 2)
    assert stored.decode().tolist() == [[-1.5, -0.5, 1.5], [2, -6, -2]]
    assert stored.dense_bits == 6 * 2 + 2 * 32
    assert not stored.sparse


def test_one_bit_is_a_sign():
    assert OddInteger(np.array([[0, 1]]), np.array(0.25), 1).decode().tolist() == [[-0.25, 0.25]]


def test_factors_scale_and_mirror_channels():
    scaled = OddInteger(CODES, np.array(0.5), 2).scaled(np.array([-2.0, 3.0]))
    assert scaled.decode().tolist() == [[3, 1, -3], [1.5, -4.5, -1.5]]
    assert scaled.scale.tolist() == [1, 1.5]
    assert not OddInteger(CODES, np.array(0.5), 2).scaled(np.zeros(2)).decode().any()
    assert OddInteger(CODES[0], np.array(0.5), 2).scaled(np.ones(1)) is None


def normalised():
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3, bias=False), torch.nn.BatchNorm2d(3)).eval()
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([0.5, -2.0, 1.0]))
        network[1].running_mean.copy_(torch.tensor([0.1, -0.3, 0.0]))
    return network


def test_normalisation_folds_into_it_and_it_comes_back_from_a_file():
    network = normalised()
    codes = np.random.default_rng(0).integers(8, size=(3, 2, 3, 3))
    stored = OddInteger(codes, np.array(1 / 7), 3)
    with torch.no_grad():
        network[0].weight.copy_(torch.from_numpy(stored.decode()))
    image = torch.randn(1, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    expected = network(image)
    finished = finish(Compressed(network, representations={"0.weight": stored}, example=image))
    file = pack(finished, {})
    torch.testing.assert_close(unpack(file, normalised())(image), expected, rtol=1e-5, atol=1e-5)
    # 54 codes of 3 bits, padded to a byte, a scale and a bias per filter
    assert sizes(file).payload_bytes == 21 + 4 * 3 + 4 * 3


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"bits": 0}, "1 to 8 bits, not in 0"),
        ({"bits": 9}, "1 to 8 bits, not in 9"),
        ({"bits": True}, "1 to 8 bits, not in True"),
        ({"bits": 1}, "codes from 0 to 3 do not fit 1 bits"),
        ({"codes": -CODES}, "codes from -3 to 0 do not fit"),
        ({"scale": np.ones(3)}, "3 scales do not fit"),
    ],
)
def test_what_does_not_belong_together_is_refused(settings, problem):
    with pytest.raises(ValueError, match=problem):
        OddInteger(**{"codes": CODES, "scale": np.ones(2), "bits": 2, **settings})


def test_numbers_beyond_float32_warn_nobody():
    with np.errstate(all="raise"):
        assert np.isinf(OddInteger(CODES, np.float32(3e38), 2).decode()).any()
