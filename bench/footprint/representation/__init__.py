"""How a tensor's values are stored, one kind per file.

A representation consists of numpy arrays: symbols of a few bits, and the numbers that give symbols their value. It
decodes to float32, bit for bit as the file's reader computes it. How symbols are laid out as bytes is the matter of
`bench.footprint.codecs`.

>>> import numpy as np
>>> weight = Integer(codes=np.array([[3, -4], [0, 1]]), scale=np.array([0.5, 2.0]), bits=3)
>>> weight.decode()
array([[ 1.5, -2. ],
       [ 0. ,  2. ]], dtype=float32)
>>> weight.dense_bits  # four codes of 3 bits, two float32 scales
76
"""

from __future__ import annotations

from functools import cache

from bench import registry
from bench.footprint.representation._representation import Geometry, Representation
from bench.footprint.representation.binary import Binary
from bench.footprint.representation.channel_codebook import ChannelCodebook
from bench.footprint.representation.codebook import Codebook
from bench.footprint.representation.float import Float
from bench.footprint.representation.integer import Integer
from bench.footprint.representation.odd_integer import OddInteger
from bench.footprint.representation.offset_integer import OffsetInteger
from bench.footprint.representation.whole import Whole

__all__ = [
    "Binary",
    "ChannelCodebook",
    "Codebook",
    "Float",
    "Geometry",
    "Integer",
    "OddInteger",
    "OffsetInteger",
    "Representation",
    "Whole",
    "kinds",
]


@cache
def kinds() -> dict[str, type[Representation]]:
    """The kinds of representation by their name in the file."""
    return {
        name: registry.subclass(__name__, name, Representation, "representation") for name in registry.names(__name__)
    }
