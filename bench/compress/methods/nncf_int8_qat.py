"""Quantisation-aware training by NNCF: integer weights per channel, 8-bit feature maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from bench.compress import quantization
from bench.compress.method import FinetuningMethod
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class NncfInt8Qat(FinetuningMethod):
    """Starts from NNCF's post-training quantisation; weights and ranges are trained through the rounding.

    As there, detectors' heads that read pooled regions stay in float32.

    Args:
        weight_bits: width of the weights; feature maps have 8 bits.
        calibration: number of training images for the first ranges.
    """

    weight_bits: Annotated[int, Field(ge=2, le=8)] = 8
    calibration: Annotated[int, Field(ge=1)] = 256

    revision = 1  # layer normalisations, which the zoo has none of
    family = "quantization"
    title = "NNCF QAT"
    source = "kozlov2021nncf"
    searched: ClassVar = {"weight_bits": (8, 6, 4, 3, 2)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return quantization.nncf_models.trained(
            compressed, workbench, self.calibration, self.weight_bits, distill=self.distill
        )
