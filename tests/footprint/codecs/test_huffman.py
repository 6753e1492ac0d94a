from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.footprint.codecs._huffman import LONGEST, Code, code_lengths


def huffman_cost(counts: list[int]) -> int:
    """Bits of the best prefix code without a limit: the sum of all merged weights."""
    heap, total = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        total += merged
        heapq.heappush(heap, merged)
    return total


def test_canonical_words_of_a_textbook_code():
    # a 8×, b 4×, c 2×, d 2×: lengths 1 2 3 3, words 0 10 110 111
    symbols = np.repeat([0, 1, 2, 3], [8, 4, 2, 2]).astype(np.uint8)
    code = Code.fitted(symbols, 2)
    assert code.lengths.tolist() == [1, 2, 3, 3]
    data, bits = code.encode(np.array([3, 0, 1, 2], np.uint8))
    assert (data, bits) == (bytes([0b11101011, 0b00000000]), 9)


def test_the_table_counts():
    code = Code.fitted(np.array([0, 0, 0, 7], np.uint8), 3)
    assert code.table_bits == min(8 * 5, 2 * (3 + 5))
    assert code.bits(np.array([0, 0, 0, 7], np.uint8)) == 16 + 4


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=40))
def test_as_short_as_huffman_where_the_limit_does_not_bind(counts):
    lengths = code_lengths(np.array(counts))
    assert (0.5**lengths).sum() == 1
    assert lengths.max() <= LONGEST
    best = huffman_cost(counts)
    assert int(lengths @ np.array(counts)) >= best
    if max(counts) < 2**10 * min(counts) and len(counts) < 12:  # no word of an unlimited code is longer then
        assert int(lengths @ np.array(counts)) == best


def test_words_stay_within_the_limit_for_the_most_skewed_counts():
    fibonacci = [1, 1]
    while len(fibonacci) < 30:
        fibonacci.append(sum(fibonacci[-2:]))
    lengths = code_lengths(np.array(fibonacci))
    assert lengths.max() == LONGEST
    assert (0.5**lengths).sum() == 1


def test_average_length_is_within_a_bit_of_the_entropy():
    symbols = np.random.default_rng(0).geometric(0.2, 5000).clip(max=255).astype(np.uint8)
    code = Code.fitted(symbols, 8)
    share = np.bincount(symbols)[np.unique(symbols)] / symbols.size
    entropy = -(share * np.log2(share)).sum()
    average = (code.bits(symbols) - code.table_bits) / symbols.size
    assert entropy <= average < entropy + 1


@given(st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=300), st.integers(0, 12))
def test_decoding_gives_back_what_was_encoded(values, drop):
    symbols = np.array(values, np.uint16) >> np.uint16(drop)
    code = Code.fitted(symbols, 16)
    data, bits = code.encode(symbols)
    again = Code.from_table(code.table(), 16, code.alphabet.size)
    assert np.array_equal(again.decode(data, bits, symbols.size), symbols)
    assert bits == code.bits(symbols) - code.table_bits


def test_more_symbols_than_a_chunk(monkeypatch):
    monkeypatch.setattr("bench.footprint.codecs._huffman.CHUNK", 64)
    symbols = np.random.default_rng(1).geometric(0.3, 1000).astype(np.uint8)
    code = Code.fitted(symbols, 8)
    data, bits = code.encode(symbols)
    assert np.array_equal(code.decode(data, bits, 1000), symbols)


@pytest.mark.parametrize("width", [0, 17, 32])
def test_symbols_of_other_widths_are_not_coded(width):
    assert Code.fitted(np.zeros(4, np.uint32), width) is None


def test_nothing_has_no_code():
    assert Code.fitted(np.zeros(0, np.uint8), 8) is None


def test_a_single_symbol_takes_a_bit_each():
    code = Code.fitted(np.full(9, 6, np.uint8), 3)
    data, bits = code.encode(np.full(9, 6, np.uint8))
    assert bits == 9
    assert code.decode(data, bits, 9).tolist() == [6] * 9


@pytest.mark.parametrize(("bits", "count"), [(9, 3), (9, 5), (8, 4), (6, 4)])
def test_another_number_of_symbols_is_refused(bits, count):
    code = Code.fitted(np.repeat([0, 1, 2, 3], [8, 4, 2, 2]).astype(np.uint8), 2)
    data, _ = code.encode(np.array([3, 0, 1, 2], np.uint8))
    with pytest.raises(ValueError, match="does not hold"):
        code.decode(data, bits, count)


@pytest.mark.parametrize("lengths", [[1, 1, 1, 0], [2, 2, 2, 0], [0, 0, 0, 2], [17, 1, 2, 2], [0, 0, 0, 0]])
def test_a_table_of_no_complete_code_is_refused(lengths):
    from bench.footprint import bitstrings

    distinct = int(np.count_nonzero(lengths))
    table = bitstrings.pack(np.array(lengths, np.uint8), 5)
    if distinct * (2 + 5) < 4 * 5:
        alphabet = np.flatnonzero(lengths)
        table = bitstrings.join(
            [
                (bitstrings.pack(alphabet, 2), 2 * distinct),
                (bitstrings.pack(np.array(lengths, np.uint8)[alphabet], 5), 5 * distinct),
            ]
        )
    with pytest.raises(ValueError, match="table"):
        Code.from_table(table, 2, distinct)
