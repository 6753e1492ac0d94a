"""An executor whose cells compute nothing, so that what is left of a run's time is the driver's own."""

from __future__ import annotations

import io
import json
import os
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from bench.errors import InputError
from bench.runner.executor import Executor
from bench.runner.job import Job, JobResult, Progress
from bench.runner.provenance import peak_memory
from bench.runner.sound import COUNTS, NEEDED
from bench.runner.store import Files, to_json

# What the measuring process says to the one that is measured: where to write, how many cells to work, when it began.
TOLD = "INNARDS_EMPTY_CELLS"
KINDS = ("train", "compress", "compare", "diagnose")


class Empty(Executor):
    """Answers at once with the least that a finished cell must hold; ends the run after so many."""

    def __init__(self, jobs: int, progress: Progress):
        super().__init__(1, progress)
        file, cells, begun = json.loads(os.environ[TOLD])
        self.file, self.cells, self.begun = Path(file), cells, begun
        self.files = {kind: empty(kind) for kind in KINDS}
        self.worked = 0
        self.first = self.cpu = 0.0

    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """Answer, and keep the time."""
        now = time.monotonic()
        if not self.first:
            self.first, self.cpu = now, time.process_time()
        if self.worked == self.cells:
            facts = {
                "start": self.first - self.begun,
                "start_cpu": self.cpu,
                "cell": (now - self.first) / self.cells,
                "cell_cpu": (time.process_time() - self.cpu) / self.cells,
                "memory": peak_memory(),
            }
            self.file.write_text(json.dumps(facts))
            raise InputError("enough was measured")
        self.worked += 1
        answer: Future[JobResult] = Future()
        answer.set_result(JobResult(self.files[job.kind]))
        return answer


def empty(kind: str) -> Files:
    """The least that a cell of a kind must hold to count as done."""
    archive = io.BytesIO()
    np.savez_compressed(archive, layers=np.array(["none"]))
    files = {name: archive.getvalue() if name.endswith(".npz") else b"[]" for name in NEEDED[kind]}
    return {**files, "metrics.json": to_json(dict.fromkeys(COUNTS.get(kind, ("none",)), 1))}
