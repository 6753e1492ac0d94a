"""The vertical axis of figures by depth: a measure on its own scale, near the original at the top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from bench.analysis.departures import BlockClaim
from bench.analysis.inside import Yardstick
from bench.render.kit.names import short

APART = (1.0, 0.5, 0.1, 0.01, 0.001)  # ticks, in distances from equal insides
NEAREST = 1e-3  # the least distance from equal insides that can be drawn
Curve = list[BlockClaim]


@dataclass(frozen=True)
class Scale:
    """The vertical axis: near the original at the top.

    Attributes:
        of_losses: whether it is in points that a probe loses.
        lowest, highest: positions of its ends.
    """

    yardstick: Yardstick
    of_losses: bool
    lowest: float
    highest: float

    @staticmethod
    def of(read: Yardstick, of_losses: bool, claims: Curve) -> Scale:
        """An axis that holds all of the intervals."""
        scale = Scale(read, of_losses, 0.0, 0.0)
        ends = [end for claim in claims for end in (claim.value.value, claim.value.low, claim.value.high)]
        heights = [scale.height(end) for end in ends if np.isfinite(end)]
        if scale.by_log:
            return Scale(read, of_losses, min(*heights, 0.0) - 0.1, -float(np.log10(NEAREST)) + 0.15)
        room = 0.04 * (max(heights) - min(heights) or 1.0)
        return Scale(read, of_losses, min(heights) - room, max(*heights, 0.0) + room)

    @property
    def by_log(self) -> bool:
        """Whether distances from equal insides are drawn by their log; losses, and what has no best value, are not."""
        return not self.of_losses and bool(np.isfinite(self.yardstick.best))

    def height(self, value: float) -> float:
        """Position on the axis."""
        if not self.by_log:
            return -100.0 * value if self.of_losses else value
        # Compressed networks lie between 0.9 and 1 of CKA, where a linear axis would draw them as one line.
        return float(-np.log10(max(self.yardstick.sign * (value - self.yardstick.best), NEAREST)))

    def frame(self, panel: Axes) -> None:
        """Limits, ticks and name of the axis."""
        panel.set_ylim(self.lowest, self.highest)
        panel.set_ylabel("Points, less the original" if self.of_losses else short(self.yardstick.title))
        if not self.by_log:
            return
        values = [self.yardstick.best + self.yardstick.sign * apart for apart in APART]
        ticks = [(self.height(value), value) for value in values if self.height(value) >= self.lowest]
        names = [f"{value:g}" for _, value in ticks]
        names[-1] = f"{'≥' if self.yardstick.sign < 0 else '≤'}{names[-1]}"
        panel.set_yticks([height for height, _ in ticks], names)
