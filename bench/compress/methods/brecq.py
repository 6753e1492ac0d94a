"""Weights rounded up or down as a residual block's outputs want it (BRECQ, Li et al. 2021; QDrop, Wei et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import reconstruction
from bench.compress.methods._reconstructing import LearnedRounding
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    from bench.compress.reconstruction.block_rounding import InputSchedule


ENDS = 8  # bits of what the first and the last layer read


@dataclass(frozen=True)
class Brecq(LearnedRounding):
    """Every weight goes to the integer above or below; which of the two is learned, one residual block at a time.

    What is learned minimises the squared error of a block's outputs, after the addition and the activation that
    directly follows it, and a regulariser that leaves nothing between the integers, as in `adaround`. Residual blocks
    are modules that add two feature maps, and others of their class; layers outside of any come one at a time. Inputs
    are those that the quantised blocks before put out, outputs are to be the float network's. Batch normalisation is
    folded first; biases stay float32.

    Args:
        loss: "mse", as its authors' scripts do; "fisher" multiplies each squared error by g², where g is the slope of
            the loss at that output of the float network on that image, and looks at targets for it. Their code has
            |g| + 1 for g, of the divergence between both networks' outputs.
        qdrop: probability that an element of a block's input is the float network's, in each step anew: 0.5 in QDrop.
            Within the block it is that of an activation's element not to be rounded.
        activation_bits: of what each quantised layer reads, with steps learned from the same outputs as in LSQ; of the
            first and the last layer `ends`, default 8. Each step adds 4 bytes to the payload. 32 leaves activations as
            they are.
        activation_steps: of Adam per block, once all weights are rounded.
        jointly: learn activations' steps together with rounding, as QDrop does, in `steps` steps.
        activation_learning_rate: of Adam; default 4e-4, and 4e-5 if `jointly`, as published.
    """

    loss: Literal["mse", "fisher"] = "mse"
    qdrop: Annotated[float, Field(ge=0, le=1)] = 0.0
    activation_bits: Literal[2, 3, 4, 6, 8, 32] = 32
    activation_steps: Annotated[int, Field(ge=1)] = 5000
    jointly: bool = False
    activation_learning_rate: Annotated[float, Field(gt=0)] | None = None

    version = 2
    family = "quantization"
    title = "BRECQ"
    source = "li2021brecq"
    searched: ClassVar = {"bits": (8, 6, 4, 3)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        folded, grids = self.prepared(compressed, workbench)
        return reconstruction.block_rounding.quantized(
            folded,
            workbench,
            grids,
            self.images,
            schedule=self.schedule,
            float_share=self.qdrop,
            weighted=self.loss == "fisher",
            reading=None if self.activation_bits == 32 else self._reading(),
        )

    def _reading(self) -> InputSchedule:
        return reconstruction.block_rounding.InputSchedule(
            bits=self.activation_bits,
            ends=self.ends or ENDS,
            steps=self.activation_steps,
            learning_rate=self.activation_learning_rate or (4e-5 if self.jointly else 4e-4),
            jointly=self.jointly,
        )
