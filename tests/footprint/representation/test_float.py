from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.footprint import codecs
from bench.footprint.representation import Float

TRICKY = np.array([0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 3.4028235e38, np.inf, -np.inf, 65504.0, 6e-8], np.float32)


@given(hnp.arrays(np.float32, 20, elements=st.floats(width=32, allow_nan=False)))
def test_rounding_is_pytorchs(values):
    for name in ("float32", "float16", "bfloat16"):
        expected = torch.from_numpy(values).to(getattr(torch, name)).float().numpy()
        assert Float.rounded(values, name).decode().tobytes() == expected.tobytes(), name


@pytest.mark.parametrize("layout", ["dense", "bitmask", "csr", "relative-index"])
def test_minus_zero_and_denormals_survive_every_layout(layout):
    stored = Float(TRICKY.reshape(2, 5))
    encoded = codecs.encode(layout, stored.symbols(), 32)
    symbols = codecs.decode(encoded.data, encoded.how, (2, 5), 32)
    found = Float.restored((2, 5), {"type": "float32"}, {}, symbols)
    assert found.decode().tobytes() == TRICKY.tobytes()


def test_ties_go_to_even():
    ties = np.array([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8], np.float32)
    assert Float.rounded(ties, "bfloat16").decode().tolist() == [1, 1 + 2**-6, -1]


def test_not_a_number_stays_one():
    for name in ("float32", "float16", "bfloat16"):
        assert np.isnan(Float.rounded(np.array([np.nan], np.float32), name).decode()).all()


def test_known_patterns():
    assert Float(np.array([1.0, -2.0], np.float32), "bfloat16").symbols().tolist() == [[0x3F80, 0xC000]]
    assert Float(np.array([1.0, -2.0], np.float32), "float16").symbols().tolist() == [[0x3C00, 0xC000]]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_values_that_the_type_lacks_are_refused(name):
    with pytest.raises(ValueError, match=f"no {name} numbers"):
        Float(np.array([1 / 3], np.float32), name)


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="'float8'"):
        Float(np.zeros(1, np.float32), "float8")
