"""Control: trained on for as long as the compressed networks are, without compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress import _masks
from bench.compress._method import FinetuningMethod, Workbench

if TYPE_CHECKING:
    from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Finetune(FinetuningMethod):
    """Tells what compression does from what more training does.

    In a chain it retrains what came before, with pruned weights kept at zero.
    """

    family = "control"
    title = "Fine-tuned"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return _masks.retrained(compressed, workbench, distill=self.distill)
