"""Control: a network that was never trained, the floor of every similarity."""

from __future__ import annotations

from dataclasses import dataclass

from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class RandomWeights(Method):
    """Shows how similar networks are by the images and the architecture alone."""

    family = "control"
    title = "Random weights"
    start = "random"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return compressed
