"""Work one job: the same function in this process, in a worker, or on another machine."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import socket
import sys
import traceback
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from bench import guests
from bench.compress.method import NotApplicable
from bench.data import ImageSet, load
from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError
from bench.runner import allocator
from bench.runner.job import Job, JobResult, Progress
from bench.runner.provenance import Stopwatch
from bench.runner.store import Files, to_json


def work(job: Job, progress: Progress) -> JobResult:
    """Run the cell's function; an error in it becomes its `error.json`, and only an interrupt is raised."""
    with captured() as log, Stopwatch(job.device, job.spec["threads"]) as watch:
        _settle(job.spec["threads"])
        try:
            files = _call(job, progress)
        except NotApplicable as reason:
            files = _error("refused", guests.first_line(reason))
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a method that calls `sys.exit` fails too, and ends neither run nor worker
            traceback.print_exc()
            files = _error("failed", guests.sentence(error))
    allocator.give_back()
    return JobResult(files, watch.provenance, log.text())


def _call(job: Job, progress: Progress) -> Files:
    step = importlib.import_module(f"bench.runner.cells.{job.kind}")
    # NumPy's and SciPy's BLAS have thread pools of their own, one per core unless told otherwise: two workers on two
    # cores then wait for one another. Only libraries that are loaded can be told, hence behind the import.
    threadpool_limits(job.spec["threads"])
    images = image_set(job.cache, tuple(sorted(job.data.items())))
    # The plan was made on the driver's machine, perhaps a while ago. A key must never stand for other images.
    if (planned := job.spec.get("data", images.fingerprint)) != images.fingerprint:
        raise InputError(f"the images on {socket.gethostname()} are others: {images.fingerprint}, planned {planned}")
    if transform := job.spec.get("transform"):
        images = images.transformed(ValidationTransform(**transform))
    if normalisation := job.spec.get("normalisation"):
        images = images.normalised_by(*normalisation)
    return step.run(job, images, lambda epoch, epochs, loss: progress(job.name, epoch, epochs, loss))


@cache
def image_set(cache_folder: Path, data: tuple[tuple[str, Any], ...]) -> ImageSet:
    """The images of a profile, opened once per process."""
    return load(**dict(data), cache=cache_folder)


def _settle(threads: int) -> None:
    """Make arithmetic repeatable, and memory quick."""
    allocator.keep()
    # Sums over another number of threads, or by another kernel that cuDNN finds faster today, round differently, and
    # training carries the difference into every weight. Operations without a deterministic kernel only warn: a method
    # that needs one is still worth running, and the warning reaches the cell's log.
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False


def _error(kind: str, reason: str) -> Files:
    return {"error.json": to_json({"kind": kind, "reason": reason})}


class Log(io.TextIOWrapper):
    """What a cell prints. Some code writes bytes to `sys.stdout.buffer`, or names of files that are no UTF-8."""

    def __init__(self) -> None:
        self.written = io.BytesIO()
        super().__init__(self.written, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)

    def text(self) -> str:
        """All that was written; bytes that are no text appear as in Python's own strings, e.g. `\\xff`."""
        return self.written.getvalue().decode(errors="backslashreplace")


@contextlib.contextmanager
def captured() -> Iterator[Log]:
    """Everything that the cell prints or warns about, and what modules of ours log, as its log."""
    log = Log()
    handler = logging.StreamHandler(log)
    root, ours = logging.getLogger(), logging.getLogger("bench")
    level = ours.level
    ours.setLevel(logging.INFO)  # how a method came to its strength; libraries say too much below warnings
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log), warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, category, *_: print(f"{category.__name__}: {message}", file=sys.stderr)
        root.addHandler(handler)
        try:
            yield log
        finally:
            root.removeHandler(handler)
            ours.setLevel(level)
