"""What methods share that reconstruct layers' outputs on a fixed grid: its settings, and those of the calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import quantization, reconstruction
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    from bench.compress.quantization.integers import Grid
    from bench.compress.reconstruction.adaptive_rounding import RoundingSchedule
    from bench.compress.reconstruction.forward_pass import Fit

Bits = Literal[2, 3, 4, 6, 8]
Images = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class Reconstructing(Method):
    """A method that rounds weights to the grid of `k-bit`, and chooses the integers by what layers put out.

    The payload is that of `k-bit` with the same bits and grid.

    Args:
        bits: width of a weight.
        per_channel: one step per filter, else one per tensor.
        symmetric: integers from -(2^(bits-1) - 1) to 2^(bits-1) - 1; else 0 to 2^bits - 1 over the range of the
            weights, widened to include 0.
        search: narrow the range to the one with the least squared error, as `k-bit` does, else it reaches to the
            outermost weight.
        ends: bits of the first layer and of the last, 8 in most publications; None for `bits`.
    """

    bits: Bits = 4
    per_channel: bool = True
    symmetric: bool = True
    search: bool = True
    ends: Bits | None = None

    def grid(self) -> Grid:
        """Of all layers but the ends."""
        return quantization.integers.Grid(self.bits, self.per_channel, self.symmetric, self.search)

    def prepared(self, compressed: Compressed, workbench: Workbench) -> tuple[Compressed, dict[str, Grid]]:
        """See `reconstruction.forward_pass.prepared`."""
        return reconstruction.forward_pass.prepared(compressed, workbench, self.grid(), self.ends)

    def nearest(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """The network with all that `reconstructed` would quantise rounded to nearest, by no image."""
        rounded, grids = self.prepared(compressed, workbench)
        for grid in dict.fromkeys(grids.values()):
            weights = {name for name, each in grids.items() if each == grid}
            rounded = quantization.integers.rounded(rounded, grid, only=weights)
        return rounded

    def reconstructed(
        self,
        compressed: Compressed,
        workbench: Workbench,
        images: int,
        fit: Fit,
        *,
        paired: bool = False,
        columns: int | None = None,
    ) -> Compressed:
        """See `reconstruction.forward_pass.on_grid`."""
        return reconstruction.forward_pass.on_grid(
            compressed, workbench, self.grid(), images, fit, ends=self.ends, paired=paired, columns=columns
        )


@dataclass(frozen=True)
class LearnedRounding(Reconstructing):
    """A method that learns whether each weight is rounded up or down.

    Args:
        steps: of Adam, per layer or block. A thousand take 23 minutes of one slow processor on ResNet-18 at 32 pixels,
            so all that are published 8 hours.
        batch_size: images per step.
        learning_rate: of Adam.
        regularization: weight λ of the regulariser; 0.1 to 0.2 are usual for MobileNets and for 2 bits.
        warmup: share of the steps without the regulariser.
        images: number of training images; feature maps of all are in memory at once, twice.
    """

    steps: Annotated[int, Field(ge=1)] = 20_000
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    regularization: Annotated[float, Field(ge=0)] = 0.01
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.2
    images: Images = 1024

    sizes_alone: ClassVar = {"images": 1, "search": False, "steps": 1}

    @property
    def schedule(self) -> RoundingSchedule:
        """How rounding is learned."""
        return reconstruction.adaptive_rounding.RoundingSchedule(
            self.steps, self.batch_size, self.learning_rate, self.regularization, self.warmup
        )
