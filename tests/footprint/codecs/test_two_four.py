from __future__ import annotations

from itertools import combinations
from math import ceil, comb, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.footprint import codecs
from bench.footprint.codecs.two_four import Patterned

HOW = {"layout": "two-four", "entries": 4, "n": 2, "m": 4, "positions": 1, "together": 1}


def pruned(shape, n, m, seed=0):
    """A mask that keeps n of every m input channels at random, chosen group by group."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, bool)
    rows = mask.reshape(*shape[:2], -1)
    for row in range(rows.shape[0]):
        for position in range(rows.shape[2]):
            for start in range(0, shape[1], m):
                size = min(m, shape[1] - start)
                chosen = rng.permutation(size)[: min(n, size)]
                rows[row, start + chosen, position] = True
    return mask


@st.composite
def tensors(draw):
    """A mask of some pattern and shape, symbols that are zero where it is False and at times elsewhere; their width."""
    m = draw(st.integers(2, 16))
    n = draw(st.integers(1, m - 1))
    channels = draw(st.integers(m, 2 * m + 1))
    shape = (draw(st.integers(8, 12)), channels, *draw(st.sampled_from([(8,), (2, 4), (3, 3), (2, 2, 2)])))
    mask = pruned(shape, n, m, draw(st.integers(0, 99)))
    width = draw(st.integers(0, 12))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    symbols = rng.integers(0, 2**width, shape) * (rng.random(shape) < draw(st.floats(0, 1))) * mask
    return symbols.reshape(shape[0], -1).astype(np.uint16), width, mask


def encoded(mask, symbols=None, width=8, **options):
    symbols = mask * np.uint8(3) if symbols is None else symbols
    return codecs.encode("two-four", symbols.reshape(len(mask), -1), width, mask=mask, **options)


def test_patterns_then_values():
    # one group a filter; patterns in order: 12 13 14 23 24 34. 64 filters, the last two of another pattern
    mask = np.zeros((64, 4), bool)
    mask[:, :2] = True
    mask[62], mask[63] = [False, True, False, True], [False, False, True, True]
    symbols = np.arange(256, dtype=np.uint16).reshape(64, 4) * mask
    layout = next(iter(Patterned.of_mask(symbols, 8, mask)))
    patterns, values = layout.split(symbols)
    assert values.tolist() == symbols[mask].tolist()
    digits = [int(word) // 6**digit % 6 for word in patterns for digit in range(layout.together)][:64]
    assert digits == [0] * 62 + [4, 5]
    assert np.array_equal(layout.join((patterns, values)), symbols)


def test_neighbours_are_input_channels_at_one_position_not_columns():
    mask = pruned((16, 4, 2, 2), 1, 4)
    along_columns = mask.reshape(16, 4, 4).sum(2)
    assert (along_columns != 1).any()
    layout = next(iter(Patterned.of_mask(mask.reshape(16, -1).astype(np.uint8), 1, mask)))
    assert (layout.n, layout.m, layout.positions) == (1, 4, 4)
    patterns, _ = layout.split(mask.reshape(16, -1).astype(np.uint8))
    numbers = [int(word) // 4**digit % 4 for word in patterns for digit in range(layout.together)][:64]
    assert numbers == mask.argmax(1).reshape(-1).tolist()


@pytest.mark.parametrize("width", [32, 16, 8, 4])
def test_a_pattern_costs_hardly_more_than_its_entropy_and_less_than_indices_and_than_a_mask(width):
    mask = pruned((64, 64, 3, 3), 2, 4)
    symbols = (np.ones(mask.shape, np.uint8) * mask).reshape(64, -1)
    bits = codecs.smallest(symbols, width, sparse=True, mask=mask).bits
    assert bits["weights"] == mask.size // 2 * width
    assert mask.size * log2(6) / 4 <= bits["indices"] < mask.size * 0.648
    by_mask = sum(codecs.encode("bitmask", symbols, width).bits.values())
    assert sum(bits.values()) < by_mask == mask.size * (width + 2) / 2


@settings(deadline=None, max_examples=40)
@given(tensors(), st.booleans())
def test_decoding_gives_back_what_was_encoded(tensor, entropy):
    symbols, width, mask = tensor
    made = encoded(mask, symbols, width, entropy=entropy)
    assert np.array_equal(codecs.decode(made.data, made.how, symbols.shape, width), symbols)
    assert len(made.data) == -(-sum(made.bits.values()) // 8)


@settings(deadline=None, max_examples=40)
@given(tensors())
def test_its_size_is_the_formula_whatever_is_stored(tensor):
    symbols, width, mask = tensor
    made = encoded(mask, symbols, width)
    patterns = comb(made.how["m"], made.how["n"])
    groups = mask[:, 0].size * ceil(mask.shape[1] / made.how["m"])
    exact = [(patterns**k - 1).bit_length() for k in range(1, 64)]
    least = min(ceil(groups / k) * bits for k, bits in enumerate(exact, start=1) if bits <= 63)
    assert made.bits == {"indices": least, "weights": int(mask.sum()) * width}


def test_the_smallest_pattern_is_recognised():
    for n, m in [(1, 2), (1, 4), (2, 4), (3, 4), (4, 8), (5, 16)]:
        how = encoded(pruned((16, 32, 3, 3), n, m)).how
        assert (how["n"], how["m"], how["positions"]) == (n, m, 9)
    one_of_two = pruned((16, 32), 1, 2)
    assert all(one_of_two[:, start : start + 4].sum(1).tolist() == [2] * 16 for start in range(0, 32, 4))


def test_weights_that_survive_as_zeros_are_no_other_mask():
    mask = pruned((16, 32, 3, 3), 2, 4)
    symbols = mask * np.random.default_rng(0).integers(0, 2, mask.shape).astype(np.uint8)  # half of them are zero
    dense, sparse = encoded(mask), encoded(mask, symbols)
    assert dense.how == sparse.how and dense.bits == sparse.bits
    assert np.array_equal(codecs.decode(sparse.data, sparse.how, (16, 288), 8), symbols.reshape(16, -1))


def test_common_patterns_are_entropy_coded_on_request():
    mask = np.zeros((64, 64), bool)
    mask[:, ::4] = mask[:, 1::4] = True
    mask[0, :4] = [False, False, True, True]
    coded = codecs.smallest(mask.astype(np.uint8) * 3, 8, sparse=True, mask=mask, entropy=True)
    assert coded.how["layout"] == "two-four" and coded.how["huffman"][0][0] == 2
    assert coded.bits["indices"] < 1024  # less than a bit per pattern: a word joins some
    assert np.array_equal(codecs.decode(coded.data, coded.how, (64, 64), 8), mask * 3)


def test_patterns_take_part_of_a_group_where_channels_are_no_multiple():
    mask = pruned((16, 13, 3, 3), 2, 4)  # the last group is one channel, which survives, and three that are not there
    assert mask[:, 12].all()
    made = encoded(mask)
    assert made.how["entries"] == mask.sum() == 16 * 9 * (3 * 2 + 1)
    assert np.array_equal(codecs.decode(made.data, made.how, (16, 117), 8), mask.reshape(16, -1) * 3)


@pytest.mark.parametrize("change", ["one more", "one less", "moved", "dense", "empty", "few groups", "one axis"])
def test_other_masks_are_stored_as_before(change):
    mask = pruned((16, 32, 3, 3), 2, 4)
    zero, one = np.argwhere(~mask)[0], np.argwhere(mask)[-1]
    if change in ("one more", "moved"):
        mask[tuple(zero)] = True
    if change in ("one less", "moved"):
        mask[tuple(one)] = False
    mask = {
        "dense": np.ones_like(mask), "empty": np.zeros_like(mask), "few groups": mask[:1, :4],
        "one axis": mask.reshape(-1),
    }.get(change, mask)  # fmt: skip
    symbols = (mask * np.uint8(3)).reshape(len(mask) if mask.ndim > 1 else 1, -1)
    assert Patterned.of_mask(symbols, 8, mask) == ()
    for entropy in (False, True):
        with_mask = codecs.smallest(symbols, 8, sparse=True, entropy=entropy, mask=mask)
        assert with_mask == codecs.smallest(symbols, 8, sparse=True, entropy=entropy)


def test_a_mask_that_the_symbols_contradict_is_not_used():
    mask = pruned((16, 32), 2, 4)
    symbols = np.ones((16, 32), np.uint8)
    assert codecs.smallest(symbols, 8, sparse=True, mask=mask).how == {"layout": "dense"}
    with pytest.raises(ValueError, match="does not hold such a matrix"):
        codecs.encode("two-four", symbols, 8, mask=mask)
    with pytest.raises(ValueError, match="does not hold such a matrix"):
        codecs.encode("two-four", symbols * mask, 8)


def test_symbols_that_stand_for_other_numbers_than_zero_are_never_left_out():
    mask = pruned((16, 32), 2, 4)
    assert codecs.smallest(mask.astype(np.uint8), 1, sparse=False, mask=mask).how == {"layout": "dense"}


@pytest.mark.parametrize(
    "how",
    [
        {"n": 0}, {"n": 4}, {"n": -1}, {"m": 1}, {"m": 17}, {"m": 10**9}, {"n": 2**60, "m": 2**61}, {"m": 8}, {"n": 1},
        {"positions": 0}, {"positions": 3}, {"positions": -2}, {"positions": 4}, {"together": 0}, {"together": 25},
        {"together": 10**9}, {"entries": 3}, {"entries": 8}, {"n": "2"}, {"m": None}, {"n": True}, {"more": 1},
    ],
)  # fmt: skip
def test_a_wrong_description_is_refused(how):
    with pytest.raises(ValueError):
        codecs.decode(b"\0\0\0\0\0", HOW | how, (2, 4), 8)


@pytest.mark.parametrize("missing", ["n", "m", "positions", "together", "entries"])
def test_an_incomplete_description_is_refused(missing):
    with pytest.raises(ValueError):
        codecs.decode(b"\0\0\0\0\0", {key: value for key, value in HOW.items() if key != missing}, (2, 4), 8)


def test_evenly_spread_patterns_are_coded_one_by_one_where_that_is_smaller():
    mask = pruned((64, 64, 3, 3), 2, 4)
    mask[:, ::4], mask[:, 1::4], mask[:, 2::4], mask[:, 3::4] = (
        True,
        *(np.roll(np.eye(3, dtype=bool)[0], k)[np.arange(9).reshape(3, 3) % 3] for k in range(3)),
    )
    coded = codecs.smallest((mask * np.uint8(3)).reshape(64, -1), 8, sparse=True, mask=mask, entropy=True)
    assert coded.how["together"] == 1 and coded.how["huffman"][0][0] == 3


def test_patterns_that_do_not_exist_are_refused():
    good = bytes([0b00010100, 0b00000100, 0b00001000, 0b00001100, 0b00010000])  # patterns 0 and 5, values 1 to 4
    found = codecs.decode(good, HOW, (2, 4), 8)
    assert found.tolist() == [[1, 2, 0, 0], [0, 0, 3, 4]]
    with pytest.raises(ValueError, match="not one of the 6"):
        codecs.decode(bytes([0b11010100, *good[1:]]), HOW, (2, 4), 8)
    joined = HOW | {"together": 4}  # two patterns of a word that has room for four: 6^4 takes 11 bits
    with pytest.raises(ValueError, match="not one of the 6"):
        codecs.decode(b"\xff" * 6, joined, (2, 4), 8)


def test_patterns_of_missing_channels_are_refused():
    how = HOW | {"positions": 1, "entries": 2 * (2 + 1)}
    patterns = [list(combinations(range(4), 2)).index((0, 1)), list(combinations(range(4), 2)).index((2, 3))] * 2
    bits = "".join(f"{number:03b}" for number in patterns) + "0" * 48
    data = int(bits.ljust(64, "0"), 2).to_bytes(8, "big")[:8]
    with pytest.raises(ValueError, match="the patterns keep 4 weights, 6 are stored"):
        codecs.decode(data, how, (2, 5), 8)
