"""Post-training quantisation by NNCF: integer weights per channel, 8-bit feature maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import quantization
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class NncfInt8Ptq(Method):
    """Ranges are calibrated on training images; nothing is trained.

    Batch normalisation is folded first, where it can be. NNCF does not follow feature maps into the pooled regions of
    detectors of two stages: the heads that read these stay in float32.

    Args:
        weight_bits: width of the weights; feature maps have 8 bits.
        calibration: number of training images for the ranges.
    """

    weight_bits: Annotated[int, Field(ge=2, le=8)] = 8
    calibration: Annotated[int, Field(ge=1)] = 256

    revision = 1  # layer normalisations, which the zoo has none of
    family = "quantization"
    title = "NNCF PTQ"
    source = "kozlov2021nncf"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        return quantization.nncf_models.calibrated(compressed, workbench, self.calibration, self.weight_bits)
