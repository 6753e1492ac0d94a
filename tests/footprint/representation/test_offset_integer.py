from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.footprint.compressed import Compressed
from bench.footprint.packed import pack, sizes, unpack
from bench.footprint.representation import OffsetInteger

CODES = np.array([[0, 1, 3], [2, 0, 1]])


def test_by_hand():
    stored = OffsetInteger(CODES, np.array([0.5, 2]), np.array([-1, 10]), 2)
    assert stored.decode().tolist() == [[-1, -0.5, 0.5], [14, 10, 12]]
    assert stored.dense_bits == 6 * 2 + 2 * 64
    assert not stored.sparse


def test_one_grid_serves_all_channels():
    assert OffsetInteger(CODES, np.array(2), np.array(0.25), 2).decode().tolist() == [
        [0.25, 2.25, 6.25],
        [4.25, 0.25, 2.25],
    ]


def test_roundings_are_those_of_float32():
    scale, low = np.float32(0.1), np.float32(-0.3)
    codes = np.arange(256)[None]
    expected = {
        "multiply": torch.arange(256, dtype=torch.float32) * float(scale) + float(low),
        "divide": torch.arange(256, dtype=torch.float32) / float(scale) + float(low),
        "fused": (torch.arange(256, dtype=torch.float64) * float(scale) + float(low)).float(),
    }
    decoded = {name: OffsetInteger(codes, scale, low, 8, name).decode()[0] for name in expected}
    for name, values in expected.items():
        np.testing.assert_array_equal(decoded[name], values.numpy())
    assert not np.array_equal(decoded["multiply"], decoded["fused"])


@pytest.mark.parametrize("rounding", ["multiply", "divide", "fused"])
def test_it_comes_back_from_a_file(rounding):
    layer = torch.nn.Linear(40, 3)
    generator = np.random.default_rng(0)
    codes = generator.integers(32, size=(3, 40))
    stored = OffsetInteger(codes, generator.uniform(1, 2, 3), generator.normal(size=3), 5, rounding)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(stored.decode()))
    file = pack(Compressed(layer, representations={"weight": stored}), {})
    assert torch.equal(unpack(file, torch.nn.Linear(40, 3)).weight, layer.weight)
    assert sizes(file).payload_bytes == 120 * 5 / 8 + 3 * 8 + 3 * 4


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"bits": 0}, "1 to 8 bits, not in 0"),
        ({"bits": 9}, "1 to 8 bits, not in 9"),
        ({"bits": True}, "1 to 8 bits, not in True"),
        ({"bits": 1}, "codes from 0 to 3 do not fit 1 bits"),
        ({"rounding": "down"}, "not by 'down'"),
        ({"scale": np.ones(3)}, "3 scales do not fit"),
        ({"lowest": np.ones(5)}, "5 scales do not fit"),
    ],
)
def test_what_does_not_belong_together_is_refused(settings, problem):
    whole = {"codes": CODES, "scale": np.ones(2), "lowest": np.ones(2), "bits": 2, "rounding": "multiply"}
    with pytest.raises(ValueError, match=problem):
        OffsetInteger(**{**whole, **settings})


def test_a_file_without_the_lowest_values_is_refused():
    with pytest.raises(KeyError, match="lowest"):
        OffsetInteger.restored((2, 3), {"bits": 2, "rounding": "multiply"}, {"scale": np.ones(2)}, CODES)


def test_numbers_beyond_float32_warn_nobody():
    with np.errstate(all="raise"):
        decoded = OffsetInteger(CODES, np.float32(3e38), np.float32(3e38), 2, "fused").decode()
    assert np.isinf(decoded).any()
