"""Dynamic network surgery: weights are cut, and spliced again where they turn out to matter (Guo et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import pruning
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Splicing(FinetuningMethod):
    """Fine-tunes with masks that move: what is cut goes on learning, and comes back once it is large.

    A weight is cut below 0.9 of its layer's threshold, mean|W| + c·std|W| of the trained network, and comes back at 1.1
    of it. The authors give c for each layer by hand; here c is solved anew at every update, so that as many weights as
    asked are below. Where the authors update less and less often by chance, here it is at fixed steps.

    Source: Dynamic Network Surgery for Efficient DNNs, equations 2 and 3.

    Args:
        sparsity: share of convolution and linear weights to remove, exact in the end.
        thresholds: "one" for all layers, from which the c of each follows, or "by-layer" with one c for all, which cuts
            about the same share of each.
        interval: steps between two updates of the masks.
        until: share of the training after which masks stay.
    """

    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.8
    thresholds: Literal["one", "by-layer"] = "one"
    interval: Annotated[int, Field(ge=1)] = 10
    until: Annotated[float, Field(gt=0, le=1)] = 0.75

    version = 2  # the last epoch is kept, with its masks
    family = "pruning"
    title = "Splicing"
    source = "guo2016dynamic"
    searched: ClassVar = {"sparsity": (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return pruning.splicing.trained(
            compressed,
            workbench,
            self.sparsity,
            by_layer=self.thresholds == "by-layer",
            interval=self.interval,
            until=self.until,
            distill=self.distill,
        )
