"""A job, which is a cell with its parents' files, and its result: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.runner.cell import Kind
from bench.runner.store import Files

Progress = Callable[[str, int, int, float], None]  # cell name, epoch, epochs, loss


@dataclass(frozen=True)
class Job:
    """A cell with its parents' files: everything needed to work it, here or elsewhere.

    Attributes:
        parents: files of each parent by role.
        outside: the user's own files (a checkpoint) by name.
        data: arguments of `bench.data.load`.
        cache: folder of the decoded images, shared by all jobs of a machine.
        device: "cpu" or "cuda:0".
        events: folder for the cell's event files, as it trains; None to write none.
        scratch: folder in which the cell keeps what it needs to go on after an interruption; None to keep nothing.
    """

    kind: Kind
    name: str
    spec: Mapping[str, Any]
    parents: Mapping[str, Files]
    outside: Files
    data: Mapping[str, Any]
    cache: Path
    device: str
    scratch: Path | None = None
    events: Path | None = None


@dataclass(frozen=True)
class JobResult:
    """The result of a job; `files` holds `error.json` if it failed or was refused."""

    files: Files
    provenance: Mapping[str, Any] = field(default_factory=dict)
    log: str = ""
