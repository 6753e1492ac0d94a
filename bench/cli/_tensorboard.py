"""Learning curves for TensorBoard."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from bench import folders
from bench.errors import InputError
from bench.runner import tensorboard


def check(folder: Path) -> None:
    """Refuse event files that cannot be written, before anything is trained.

    Raises:
        InputError: TensorBoard is not installed, or the folder cannot be written.
    """
    if find_spec("tensorboard") is None:
        raise InputError("event files need TensorBoard, which is not installed: pip install 'innards[tensorboard]'")
    with folders.writable(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)


def write_json(path: Path, folder: Path) -> None:
    """Write the event file of a history kept as JSON, unless one was written as the cell trained."""
    if not list(folder.glob("events.*")):
        tensorboard.writer.write(json.loads(path.read_text(encoding="utf-8")), folder)
