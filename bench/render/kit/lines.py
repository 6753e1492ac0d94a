"""Lines that are clipped to their panels in less time than matplotlib's own, and drawn in the same bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.transforms import BboxBase


class _ClipBox(BboxBase):
    """The box of a panel, in the numbers of its background's: its left end and from there its width."""

    def __init__(self, panel: BboxBase):
        super().__init__()
        self._panel = panel

    def get_points(self) -> np.ndarray:
        """See `BboxBase`."""
        left, bottom, width, height = self._panel.bounds
        return np.array([[left, bottom], [left + width, bottom + height]])


class ClippedLine(Line2D):
    """A line that is clipped to its panel without a transform of its own, as matplotlib would make one."""

    def set_clip_path(self, path: Any, transform: Any = None) -> None:
        """See `Artist.set_clip_path`."""
        if self.axes is not None and path is self.axes.patch:
            self.set_clip_box(_ClipBox(self.axes.bbox))
        else:
            super().set_clip_path(path, transform)
