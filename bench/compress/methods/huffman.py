"""Entropy coding of all that is stored, by Huffman codes, where that makes it smaller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Huffman(Method):
    """Makes the file smaller and leaves the network the same to the bit; for the end of a chain."""

    family = "entropy coding"
    title = "Huffman"
    source = "huffman1952method"
    searched: ClassVar = {}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return compressed.but(entropy_coding=True)
