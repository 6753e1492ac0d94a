from __future__ import annotations

import numpy as np

from bench.footprint import codecs


def test_every_symbol_is_stored():
    encoded = codecs.encode("dense", np.array([[1, 0, 3], [2, 2, 0]], np.uint8), 2)
    assert encoded.data == bytes([0b01001110, 0b10000000])  # 01 00 11 10 10 00, four bits left over
    assert encoded.bits == {"weights": 12}
    assert encoded.how == {"layout": "dense"}
