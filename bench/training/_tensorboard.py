"""Learning curves for TensorBoard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.errors import InputError


def write(history: Iterable[Mapping[str, float]], folder: Path) -> None:
    """Write an event file with a curve for every column of a history but the epoch, which is the step.

    Args:
        history: a row an epoch, see `bench.training._loop.train`.
        folder: made if need be; an event file's name holds the time and the host, so it is no result.

    Raises:
        InputError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise InputError(
            "event files need TensorBoard, which is not installed: pip install 'innards[tensorboard]'"
        ) from error
    with SummaryWriter(str(folder)) as writer:
        for row in history:
            for name, value in row.items():
                if name != "epoch":
                    writer.add_scalar(name, value, int(row["epoch"]))
