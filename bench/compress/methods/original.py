"""The network as it was trained, stored as float32: what all others are compared with."""

from __future__ import annotations

from dataclasses import dataclass

from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Original(Method):
    """No compression except that batch normalisation is folded, which costs nothing."""

    family = "original"
    title = "Original"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return compressed
