from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.footprint import bitstrings


def test_symbols_follow_each_other_most_significant_bit_first():
    # 101 | 001 | 111 | 000 -> 1010 0111 1000 (0000)
    assert bitstrings.pack(np.array([5, 1, 7, 0]), 3) == bytes([0b10100111, 0b10000000])


@pytest.mark.parametrize(
    ("width", "expected"),
    [(1, "a0"), (8, "010001"), (12, "001000001"), (16, "000100000001"), (32, "000000010000000000000001")],
)
def test_known_bytes_of_one_zero_one(width, expected):
    assert bitstrings.pack(np.array([1, 0, 1]), width).hex() == expected.ljust(2 * -(-3 * width // 8), "0")


def test_no_bits_need_no_bytes():
    assert bitstrings.pack(np.zeros(5, np.uint8), 0) == b""
    assert bitstrings.unpack(b"", 0, 5).tolist() == [0] * 5
    assert bitstrings.pack(np.zeros(0, np.uint8), 7) == b""


@given(st.integers(0, 64), st.integers(0, 70), st.randoms(use_true_random=False))
def test_unpacking_gives_back_what_was_packed(width, count, random):
    symbols = np.array([random.getrandbits(width) if width else 0 for _ in range(count)], np.uint64)
    packed = bitstrings.pack(symbols, width)
    assert len(packed) == -(-width * count // 8)
    assert bitstrings.unpack(packed, width, count).tolist() == symbols.tolist()


def test_chunks_join_without_a_seam():
    symbols = np.arange(bitstrings.CHUNK * 2 + 5) % 32
    assert np.array_equal(bitstrings.unpack(bitstrings.pack(symbols, 5), 5, symbols.size), symbols)


@given(st.lists(st.text("01", max_size=20), max_size=6))
def test_strings_join_without_gaps_and_come_apart_again(strings):
    parts = [(bitstrings.pack(np.array([int(bit) for bit in string], np.uint8), 1), len(string)) for string in strings]
    joined = bitstrings.join(parts)
    whole = "".join(strings)
    assert joined == bitstrings.pack(np.array([int(bit) for bit in whole], np.uint8), 1)
    position = 0
    for data, bits in parts:
        assert bitstrings.cut(joined, position, bits) == data
        position += bits


@pytest.mark.parametrize(("start", "bits"), [(0, 17), (16, 1), (-1, 2), (3, -1), (10**30, 1)])
def test_nothing_is_cut_beyond_the_end(start, bits):
    with pytest.raises(ValueError, match="outside 2 bytes"):
        bitstrings.cut(b"ab", start, bits)


@pytest.mark.parametrize("data", [b"", b"a", b"abc"])
def test_a_wrong_length_is_refused(data):
    with pytest.raises(ValueError, match="3 symbols of 5 bits need 2 bytes"):
        bitstrings.unpack(data, 5, 3)
