from __future__ import annotations

import numpy as np
import pytest

from bench.footprint import codecs


def test_row_starts_columns_values():
    symbols = np.array([[0, 5, 0, 0], [0, 0, 0, 0], [3, 0, 0, 6]], np.uint8)
    encoded = codecs.encode("csr", symbols, 3)
    # starts 0 1 1 3 in 2 bits, columns 1 0 3 in 2 bits, values 5 3 6 in 3 bits
    assert int.from_bytes(encoded.data) == int("00010111" + "010011" + "101011110" + "0", 2)
    assert encoded.bits == {"indices": 4 * 2 + 3 * 2, "weights": 9}


def test_an_empty_matrix_needs_nothing():
    encoded = codecs.encode("csr", np.zeros((3, 4), np.uint8), 8)
    assert encoded.data == b""
    assert not codecs.decode(b"", encoded.how, (3, 4), 8).any()


def test_smallest_where_whole_rows_are_empty():
    symbols = np.zeros((4, 60_000), np.uint8)
    symbols[2, ::7000] = 200
    assert codecs.smallest(symbols, 8, sparse=True).how["layout"] == "csr"


@pytest.mark.parametrize(
    ("bits", "problem"),
    [
        ("01010111" + "010011", "rows do not begin"),  # the first row starts at 1
        ("00100111" + "010011", "rows do not begin"),  # a row ends before it begins
        ("00010110" + "010011", "rows do not begin"),  # the last row ends too soon
    ],
)
def test_impossible_rows_are_refused(bits, problem):
    data = int((bits + "101011110").ljust(24, "0"), 2).to_bytes(3)
    with pytest.raises(ValueError, match=problem):
        codecs.decode(data, {"layout": "csr", "entries": 3}, (3, 4), 3)


def test_a_column_outside_is_refused():
    data = int(("0001" + "11" + "1").ljust(8, "0"), 2).to_bytes(1)  # starts 0 0 0 1, column 3 of 3
    with pytest.raises(ValueError, match="outside the 3 columns"):
        codecs.decode(data, {"layout": "csr", "entries": 1}, (3, 3), 1)
