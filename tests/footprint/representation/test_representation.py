from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.footprint import codecs
from bench.footprint.representation import (
    Binary,
    ChannelCodebook,
    Codebook,
    Float,
    Integer,
    OddInteger,
    OffsetInteger,
    Representation,
    Whole,
    kinds,
)

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
FINITE = st.floats(width=32, allow_nan=False)


@st.composite
def floats(draw: st.DrawFn) -> Representation:
    values = draw(hnp.arrays(np.float32, SHAPES, elements=FINITE, fill=st.sampled_from([0.0, -0.0])))
    return Float.rounded(values, draw(st.sampled_from(["float32", "float16", "bfloat16"])))


@st.composite
def integers(draw: st.DrawFn) -> Representation:
    bits, asymmetric = draw(st.integers(1, 8)), draw(st.booleans())
    low = 0 if asymmetric else -(2 ** (bits - 1))
    codes = draw(hnp.arrays(np.int64, SHAPES, elements=st.integers(low, low + 2**bits - 1)))
    per_channel = codes.ndim > 0 and codes.shape[0] > 0 and draw(st.booleans())
    scales = (codes.shape[0] if per_channel else 1,)
    scale = draw(hnp.arrays(np.float32, scales, elements=st.floats(2**-10, 2**10, width=32)))
    zero_point = draw(hnp.arrays(np.uint8, scales, elements=st.integers(0, 2**bits - 1))) if asymmetric else None
    return Integer(codes, scale, bits, zero_point, divide=draw(st.booleans()))


@st.composite
def binaries(draw: st.DrawFn) -> Representation:
    positive = draw(hnp.arrays(np.bool_, SHAPES))
    filters = positive.shape[0] if positive.ndim and positive.shape[0] else 1
    alphas = hnp.arrays(st.sampled_from([np.float32, np.float16]), filters, elements=st.floats(0, 1, width=16))
    return Binary(positive, draw(st.none() | alphas))


@st.composite
def codebooks(draw: st.DrawFn) -> Representation:
    words, length = 2 ** draw(st.integers(0, 10)), draw(st.integers(1, 9))
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(0, 8))
    codes = draw(hnp.arrays(np.int64, (rows, columns), elements=st.integers(0, words - 1)))
    dtype = draw(st.sampled_from([np.float16, np.float32]))
    codebook = draw(hnp.arrays(dtype, (words, length), elements=st.floats(-4, 4, width=16)))
    return Codebook(codes, codebook, (rows, columns * length))


@st.composite
def offset_integers(draw: st.DrawFn) -> Representation:
    bits = draw(st.integers(1, 8))
    codes = draw(hnp.arrays(np.int64, SHAPES, elements=st.integers(0, 2**bits - 1)))
    per_channel = codes.ndim > 0 and codes.shape[0] > 0 and draw(st.booleans())
    scale, lowest = (
        draw(hnp.arrays(np.float32, (codes.shape[0] if per_channel else 1,), elements=FINITE)) for _ in range(2)
    )
    return OffsetInteger(codes, scale, lowest, bits, draw(st.sampled_from(["multiply", "divide", "fused"])))


@st.composite
def odd_integers(draw: st.DrawFn) -> Representation:
    bits = draw(st.integers(1, 8))
    codes = draw(hnp.arrays(np.int64, SHAPES, elements=st.integers(0, 2**bits - 1)))
    per_channel = codes.ndim > 0 and codes.shape[0] > 0 and draw(st.booleans())
    return OddInteger(codes, draw(hnp.arrays(np.float32, codes.shape[0] if per_channel else 1, elements=FINITE)), bits)


@st.composite
def wholes(draw: st.DrawFn) -> Representation:
    dtype = draw(st.sampled_from([np.int64, np.int32, np.uint8, np.bool_]))
    return Whole(draw(hnp.arrays(dtype, SHAPES)))


ANY = floats() | integers() | binaries() | codebooks() | offset_integers() | odd_integers() | wholes()


@settings(deadline=None, max_examples=300)
@given(stored=ANY, entropy=st.booleans())
def test_what_is_stored_comes_back_bit_for_bit(stored, entropy):
    rows, columns, width = stored.geometry
    symbols = stored.symbols()
    assert symbols.shape == (rows, columns)
    assert not symbols.size or int(symbols.max()) < 2**width
    encoded = codecs.smallest(symbols, width, sparse=stored.sparse, entropy=entropy)
    found = codecs.decode(encoded.data, encoded.how, (rows, columns), width)
    again = type(stored).restored(stored.shape, stored.parameters(), stored.side(), found)
    one, other = stored.decode(), again.decode()
    assert one.shape == other.shape == stored.shape
    assert one.dtype == other.dtype
    assert one.tobytes() == other.tobytes()


@settings(deadline=None, max_examples=200)
@given(stored=ANY)
def test_symbol_zero_is_plus_zero_where_it_may_be_left_out(stored):
    if stored.sparse and not isinstance(stored, Codebook):
        zero = (stored.symbols() == 0).reshape(stored.shape)
        assert not np.any(stored.decode()[zero].view(np.uint32))


@settings(deadline=None, max_examples=100)
@given(stored=ANY)
def test_values_are_float32_and_whole_numbers_are_not(stored):
    assert stored.decode().dtype == (np.int64 if isinstance(stored, Whole) else np.float32)


def test_every_kind_is_found_by_its_file():
    assert kinds() == {
        "binary": Binary,
        "channel-codebook": ChannelCodebook,
        "codebook": Codebook,
        "float": Float,
        "integer": Integer,
        "odd-integer": OddInteger,
        "offset-integer": OffsetInteger,
        "whole": Whole,
    }


@pytest.mark.parametrize(
    ("stored", "bits"),
    [
        (Float(np.zeros((4, 3, 2, 2), np.float32)), 48 * 32),
        (Float(np.zeros((4, 3), np.float32), "bfloat16"), 12 * 16),
        (Integer(np.zeros((4, 3, 2, 2)), np.ones(4), 5), 48 * 5 + 4 * 32),
        (Integer(np.zeros((4, 3, 2, 2)), np.ones(()), 8), 48 * 8 + 32),
        (Integer(np.zeros((4, 3)), np.ones(4), 4, np.zeros(4)), 12 * 4 + 4 * 32 + 4 * 8),
        (OffsetInteger(np.zeros((4, 3)), np.ones(4), np.ones(4), 4), 12 * 4 + 4 * 64),
        (OddInteger(np.zeros((4, 3)), np.ones(4), 3), 12 * 3 + 4 * 32),
        (OddInteger(np.zeros((4, 3)), np.ones(()), 1), 12 + 32),
        (Binary(np.zeros((4, 3), bool)), 12),
        (Binary(np.zeros((4, 3), bool), np.ones(4, np.float32)), 12 + 4 * 32),
        (Binary(np.zeros((4, 3), bool), np.ones(4, np.float16)), 12 + 4 * 16),
        (Codebook(np.zeros((8, 5), int), np.zeros((16, 9), np.float16), (8, 5, 3, 3)), 16 * 16 * 9 + 4 * 40),
        (Codebook(np.zeros((2, 3), int), np.zeros((1, 4), np.float32), (2, 12)), 4 * 32),
    ],
)
def test_bits_are_the_formula(stored, bits):
    assert stored.dense_bits == bits
