"""What a cell does: a kind a file, each with `run(job, images, epoch) -> files`."""

from __future__ import annotations

from collections.abc import Callable

Epoch = Callable[[int, int, float], None]  # epoch, epochs, loss
