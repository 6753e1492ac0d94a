from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.footprint import codecs
from bench.footprint.bitstrings import dtype_of

LAYOUTS = ["bitmask", "csr", "dense", "relative-index"]


@st.composite
def matrices(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Symbols of any width, shape and sparsity, and their width."""
    width = draw(st.integers(0, 20))
    shape = draw(st.tuples(st.integers(0, 6), st.integers(0, 60)))
    values = draw(hnp.arrays(dtype_of(width), shape, elements=st.integers(0, 2**width - 1)))
    kept = draw(hnp.arrays(np.bool_, shape, elements=st.booleans(), fill=st.booleans()))
    return values * kept, width


def test_every_layout_is_found_by_its_file():
    assert sorted(codecs.layouts()) == [*LAYOUTS, "trits", "two-four"]  # the last two hold some alone: see their tests


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("entropy", [False, True])
@settings(deadline=None, max_examples=60)
@given(matrix=matrices())
def test_decoding_gives_back_what_was_encoded(name, entropy, matrix):
    symbols, width = matrix
    encoded = codecs.encode(name, symbols, width, entropy=entropy)
    found = codecs.decode(encoded.data, encoded.how, symbols.shape, width)
    assert found.shape == symbols.shape
    assert np.array_equal(found, symbols)
    assert len(encoded.data) == -(-sum(encoded.bits.values()) // 8)


def _formulas(symbols: np.ndarray, width: int) -> dict[str, int]:
    numel, nonzero = symbols.size, int((symbols != 0).sum())
    rows, columns = symbols.shape
    zeros = np.diff(np.flatnonzero(symbols), prepend=-1) - 1
    trits = {"trits": -(-numel // 5) * 8} if width == 2 and numel >= 64 and len(np.unique(symbols)) < 4 else {}
    return trits | {
        "dense": numel * width,
        "bitmask": numel + nonzero * width,
        "csr": nonzero * (width + int(np.ceil(np.log2(max(columns, 1)))))
        + (rows + 1) * int(np.ceil(np.log2(nonzero + 1))),
        "relative-index": min((nonzero + sum(int(gap) // 2**r for gap in zeros)) * (width + r) for r in range(1, 9)),
    }


@settings(deadline=None, max_examples=60)
@given(matrices())
def test_sizes_are_the_formulas_and_the_smallest_is_the_least_of_them(matrix):
    symbols, width = matrix
    formulas = _formulas(symbols, width)
    for name, bits in formulas.items():
        assert sum(codecs.encode(name, symbols, width).bits.values()) == bits, name
    smallest = codecs.smallest(symbols, width, sparse=True)
    assert sum(smallest.bits.values()) == min(formulas.values())
    plain = codecs.smallest(symbols, width, sparse=False).how["layout"]
    assert plain == ("trits" if formulas.get("trits", formulas["dense"]) < formulas["dense"] else "dense")


@settings(deadline=None, max_examples=60)
@given(matrices())
def test_entropy_coding_never_makes_it_larger(matrix):
    symbols, width = matrix
    plain, coded = (codecs.smallest(symbols, width, sparse=True, entropy=entropy) for entropy in (False, True))
    assert len(coded.data) <= len(plain.data)


def test_entropy_coding_is_used_only_where_asked_for():
    symbols = np.array([[3] * 990 + [1] * 10], np.uint8)
    assert "huffman" not in codecs.smallest(symbols, 8, sparse=True).how
    coded = codecs.smallest(symbols, 8, sparse=False, entropy=True)
    assert coded.how["huffman"] == [[2, 1000]]
    assert coded.bits == {"codebooks": 2 * (8 + 5), "weights": 1000}


def test_dense_wins_a_draw():
    symbols = np.array([[0, 1] * 4], np.uint8)  # eight symbols of a bit, or four with an index of a bit
    assert codecs.encode("relative-index", symbols, 1).bits == {"indices": 4, "weights": 4}
    assert codecs.smallest(symbols, 1, sparse=True).how == {"layout": "dense"}


def test_of_all_zeros_only_nothing_is_stored():
    assert codecs.smallest(np.zeros((8, 9), np.uint8), 8, sparse=True).data == b""


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"layout": "zip"},
        {"layout": "dense", "entries": 3},
        {"layout": "bitmask"},
        {"layout": "bitmask", "entries": -1},
        {"layout": "bitmask", "entries": 10**18},
        {"layout": "bitmask", "entries": "4"},
        {"layout": "relative-index", "entries": 2},
        {"layout": "relative-index", "entries": 2, "index_bits": 99},
        {"layout": "relative-index", "entries": 2, "index_bits": None},
        {"layout": "csr", "entries": 2, "rows": 7},
        {"layout": "dense", "huffman": 3},
        {"layout": "dense", "huffman": []},
        {"layout": "dense", "huffman": [[1]]},
        {"layout": "dense", "huffman": [[10**12, 4]]},
        {"layout": "dense", "huffman": [[2, 10**12]]},
        {"layout": "dense", "huffman": [[0, 0]]},
        {"layout": ["dense"]},
    ],
)
def test_a_wrong_description_is_refused(how):
    with pytest.raises(ValueError):
        codecs.decode(b"\x12\x34", how, (2, 2), 4)


def test_an_empty_code_of_huge_size_allocates_nothing():
    with pytest.raises(ValueError, match="are stored of"):
        codecs.decode(b"", {"layout": "bitmask", "entries": 10**15}, (1, 1), 0)
