"""Control: trained on for as long as the compressed networks are, without compression."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.compress._masks import keep_zeros
from bench.compress._method import Method, Workbench

if TYPE_CHECKING:
    from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Finetune(Method):
    """Tells what compression does from what more training does.

    In a chain it retrains what came before, with pruned weights kept at zero.
    """

    family = "control"
    title = "Fine-tuned"
    finetunes = True

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        network = deepcopy(compressed.network)
        history = workbench.finetune(network, after_step=keep_zeros(network, compressed.masks))
        return compressed.but(network=network, history=(*compressed.history, *history))
