"""What a cell does: one file per kind of cell, each with `run(job, images, epoch) -> files`."""

from __future__ import annotations

from collections.abc import Callable

Epoch = Callable[[int, int, float], None]  # epoch, epochs, loss
