from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.footprint import codecs
from bench.footprint.representation import Integer


@st.composite
def of_three(draw: st.DrawFn) -> np.ndarray:
    """Symbols of two bits, one of which does not occur."""
    absent = draw(st.integers(0, 3))
    digits = draw(
        hnp.arrays(np.uint8, draw(st.tuples(st.integers(2, 6), st.integers(32, 60))), elements=st.integers(0, 2))
    )
    return digits + (digits >= absent).astype(np.uint8)


def test_five_digits_to_base_3_make_a_byte():
    symbols = np.array(
        [[3, 0, 1, 1, 3, 1] * 11], np.uint8
    )  # -1, 0, 1, 1, -1, 1 in two's complement: digits 2 0 1 1 2 1
    encoded = codecs.encode("trits", symbols, 2)
    assert list(encoded.data)[:2] == [2 + 0 * 3 + 1 * 9 + 1 * 27 + 2 * 81, 1 + 2 * 3 + 0 * 9 + 1 * 27 + 1 * 81]
    assert encoded.data[-1] == 1  # the last symbol, and four zeros
    assert encoded.how == {"layout": "trits", "absent": 2}
    assert encoded.bits == {"weights": 14 * 8}


@settings(deadline=None, max_examples=60)
@given(of_three(), st.booleans())
def test_decoding_gives_back_what_was_encoded(symbols, entropy):
    encoded = codecs.encode("trits", symbols, 2, entropy=entropy)
    found = codecs.decode(encoded.data, encoded.how, symbols.shape, 2)
    assert found.dtype == np.uint8 and np.array_equal(found, symbols)
    assert entropy or len(encoded.data) == -(-symbols.size // 5)


def test_it_is_taken_where_three_values_occur_and_zeros_are_not_most_of_them():
    codes = np.array([[-1, 0, 1, 1, -1]] * 40)
    weight = Integer(codes, np.array([0.5]), bits=2)
    assert codecs.smallest(weight.symbols(), 2, sparse=True).how["layout"] == "trits"
    codes[0, 0] = -2  # a fourth value
    weight = Integer(codes, np.array([0.5]), bits=2)
    assert codecs.smallest(weight.symbols(), 2, sparse=True).how["layout"] == "dense"
    rare = Integer(np.array([[0, 0, 1, 0, 0, -1]] * 40), np.array([0.5]), bits=2)
    assert codecs.smallest(rare.symbols(), 2, sparse=True).how["layout"] != "trits"
    assert codecs.smallest(rare.symbols(), 2, sparse=False).how["layout"] == "trits"


@pytest.mark.parametrize("width", [1, 3, 8])
def test_symbols_of_other_widths_have_none(width):
    with pytest.raises(ValueError, match="does not hold such a matrix"):
        codecs.encode("trits", np.zeros((20, 30), np.uint8), width)


def test_of_few_symbols_one_may_be_absent_by_chance():
    few = np.tile(np.array([[0, 1, 3]], np.uint8), (1, 21))
    assert codecs.smallest(few, 2, sparse=False).how["layout"] == "dense"
    assert codecs.smallest(np.append(few, [[1]], 1), 2, sparse=False).how["layout"] == "trits"


@pytest.mark.parametrize(
    ("data", "how", "problem"),
    [
        (b"\xf3", {"absent": 2}, "no five symbols"),  # 243
        (b"\x51", {"absent": 2}, "no five symbols"),  # a fifth digit where four belong
        (b"\x00\x00", {"absent": 2}, "bytes where"),
        (b"\x00", {"absent": 4}, "all but 4"),
        (b"\x00", {"absent": -1}, "all but -1"),
        (b"\x00", {}, "other parameters"),
    ],
)
def test_what_no_symbols_have_made_is_refused(data, how, problem):
    with pytest.raises(ValueError, match=problem):
        codecs.decode(data, {"layout": "trits", **how}, (2, 2), 2)
