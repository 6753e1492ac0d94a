import io
from concurrent.futures import Future

import numpy as np
import pytest

from bench.runner.cell import Cell
from bench.runner.drive import Driver, Reporter, Work
from bench.runner.executor import Crew, Executor, WorkerDied, at_work
from bench.runner.job import JobResult
from bench.runner.sound import NEEDED
from bench.runner.store import Store, to_json


def contents(kind, **files):
    """The least that a cell of a kind must hold to count as done, and other files."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, layers=np.array(["a"]))
    metrics = {"parameters": 1, "payload_bytes": 1, "file_bytes": 1}
    needed = {name: b"[]" if name.endswith(".json") else buffer.getvalue() for name in NEEDED[kind]}
    return {**needed, "metrics.json": to_json(metrics), **files}


class Listener(Reporter):
    """Remembers what it is told."""

    def __init__(self):
        self.notes, self.worked, self.ended = [], [], {}

    def note(self, text):
        self.notes.append(text)

    def started(self, cell):
        self.worked.append(cell.name)

    def finished(self, cell, status):
        self.ended[cell.name] = status


class Script(Executor):
    """Does what the test says for a cell, by name; by default it succeeds."""

    def __init__(self, **actions):
        super().__init__(2, print)
        self.actions, self.jobs, self.slot_of, self.closed, self.pumped = actions, [], {}, None, 0

    def submit(self, job, slot):
        self.jobs.append(job)
        self.slot_of[job.name] = slot
        future = Future()
        action = self.actions.get(job.name.replace("/", "_"))
        if action == "die twice" and sum(job.name == other.name for other in self.jobs) > 2:
            action = None
        if action in ("die", "die twice"):
            future.set_exception(WorkerDied("its worker process was killed by SIGKILL"))
        elif action in ("failed", "refused"):
            error = {"kind": action, "reason": f"{action} on purpose"}
            future.set_result(JobResult({"error.json": to_json(error)}))
        elif action == "cancel":
            future.cancel()
        elif action == "interrupt":
            raise KeyboardInterrupt
        else:
            inputs = b"".join(files["out"] for _, files in sorted(job.parents.items()))
            future.set_result(JobResult(contents(job.kind, out=inputs + job.name.encode()), {"host": "here"}, "a log"))
        return future

    def pump(self):
        self.pumped += 1

    def close(self, *, at_once):
        self.closed = at_once


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs" / "p")


@pytest.fixture
def chain():
    """Two trainings, each with a compression and a comparison."""
    cells = []
    for seed in (0, 1):
        train = Cell("train", "m", seed, spec={"seed": seed, "threads": 1})
        compress = Cell("compress", "m", seed, "v", {"threads": 1}, {"trained": train})
        cells += [train, compress, Cell("compare", "m", seed, "v", {"threads": 1}, {"compressed": compress})]
    return cells


@pytest.fixture
def drive(store, tmp_path):
    """Run cells through an executor; returns the states by name and what was reported."""

    def run(cells, executor=None, retry_failed=False):
        listener = Listener()
        driver = Driver(store, Work({}, tmp_path), listener)
        with at_work(lambda: Crew(executor or Script(), ["cpu"])) as hire:
            states = driver.run(cells, hire, retry_failed=retry_failed)
        return {cell.name: states[cell.key].state for cell in cells}, listener

    return run


@pytest.fixture
def script():
    """The scripted executor's class."""
    return Script


@pytest.fixture
def sound_files():
    """A function that gives the least that a cell of a kind must hold to count as done, and other files."""
    return contents
