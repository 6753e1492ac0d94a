"""Learning curves for TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.errors import InputError


def write_json(path: Path, folder: Path) -> None:
    """Write the event file of a history kept as JSON; see `write`."""
    write(json.loads(path.read_text(encoding="utf-8")), folder)


def write(history: Sequence[Mapping[str, float | None]], folder: Path) -> None:
    """Write an event file with one curve per column of a history; no file for an empty history.

    Args:
        history: one row per epoch, see `bench.training.loop.train`. The step is the row's number and not its epoch,
            which starts at 1 again when one training follows another.
        folder: made if it does not exist. An event file's name holds the time and the host, so it is no result.

    Raises:
        InputError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter  # an extra, and torch, only for those who ask for it
    except ImportError as error:
        raise InputError(
            "event files need TensorBoard, which is not installed: pip install 'innards[tensorboard]'"
        ) from error
    if not history:
        return
    with SummaryWriter(str(folder)) as writer:
        for step, row in enumerate(history, start=1):
            for name, value in row.items():
                if name != "epoch" and value is not None:
                    writer.add_scalar(name, value, step)
