"""What an executor is handed and what it gives back: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

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
        cache: folder of the decoded images, shared and read-only.
        device: "cpu" or "cuda:0".
    """

    kind: Kind
    name: str
    spec: Mapping[str, Any]
    parents: Mapping[str, Files]
    outside: Files
    data: Mapping[str, Any]
    cache: Path
    device: str


@dataclass(frozen=True)
class JobResult:
    """What came of a job; `files` holds `error.json` where it failed or was refused."""

    files: Files
    provenance: Mapping[str, Any] = field(default_factory=dict)
    log: str = ""


class Executor(Protocol):
    """Works jobs, at most `slots` at a time, each in a slot of its own, which remembers (`bench.runner.slots`)."""

    slots: int

    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """Start a job in a free slot; the future raises `WorkerDied` where its process ended without an answer."""
        ...

    def close(self, *, at_once: bool) -> None:
        """Let the workers go; `at_once` also stops those at work."""
        ...


@contextmanager
def at_work(executor: Executor) -> Iterator[Executor]:
    """An executor that is let go in the end, at once where something went wrong."""
    at_once = True
    try:
        yield executor
        at_once = False
    finally:
        executor.close(at_once=at_once)


class WorkerDied(Exception):
    """A worker process ended without an answer: killed by the system, or crashed."""
