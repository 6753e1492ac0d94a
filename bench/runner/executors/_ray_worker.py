"""What runs in Ray's processes: the worker of one slot, and the box for the messages of all of them."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import runner
from bench.runner.executors import _ray_code
from bench.runner.job import Job, JobResult
from bench.runner.provenance import machine


class Worker:
    """Works one job at a time, and remembers what `work` computed of the references.

    Args:
        folder: the driver's current folder.
        code: see `_ray_code.pack`.
        messages: the box that epochs are put into.
    """

    def __init__(self, folder: str, code: Mapping[str, str], messages: Any):
        self.messages = messages
        shipped = Path.cwd()  # Ray begins there
        # What is installed comes first, as on the driver's machine (see `guest_sources.current_folder_importable`).
        sys.path += [str(_ray_code.found(shipped / name, Path(root))) for root, name in code.items()]
        # Relative paths of a profile mean the driver's folder. Where the nodes share a disk it is there; elsewhere the
        # user's shipped files stand in for it.
        os.chdir(folder if Path(folder).is_dir() else shipped / next(iter(code.values())))

    def greet(self) -> dict[str, Any]:
        """Host, and versions of what results depend on."""
        return {"host": socket.gethostname(), "versions": machine()["versions"]}

    def work(self, job: Job) -> JobResult:
        """Work a job; what it needs is the folder of decoded images, which is filled if this node lacks it."""
        return runner.work.work(
            replace(job, cache=cache_folder(job.cache)), lambda *message: self.messages.put.remote(message)
        )


class Messages:
    """Epochs that workers have finished and the driver has not heard of yet."""

    def __init__(self) -> None:
        self.unheard: list[tuple[Any, ...]] = []

    def put(self, message: tuple[Any, ...]) -> None:
        """Keep a message until it is asked for."""
        self.unheard.append(message)

    def take(self) -> list[tuple[Any, ...]]:
        """All messages since the last call."""
        taken, self.unheard = self.unheard, []
        return taken


def cache_folder(folder: Path) -> Path:
    """The driver's folder of images where this node can have it, else one in the node's temporary folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir(), f"innards-images-{os.getuid()}")
    return folder
