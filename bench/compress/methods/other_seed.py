"""Control: the same architecture trained with the profile's next seed, uncompressed."""

from __future__ import annotations

from dataclasses import dataclass

from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class OtherSeed(Method):
    """Shows how far training again from another start takes a network: the unit of seed-equivalents."""

    family = "control"
    title = "Another seed"
    start = "other-seed"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return compressed
