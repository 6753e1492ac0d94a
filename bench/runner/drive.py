"""The driver: looks at which cells are there, has the others worked, and alone writes `runs/`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench import guests
from bench.folders import Damaged, checksum
from bench.runner.cell import Cell
from bench.runner.executor import Crew, Executor, Hire, WorkerDied
from bench.runner.job import Job, JobResult
from bench.runner.queue import Queue
from bench.runner.sound import ERROR, Identified, Identity, folders_of
from bench.runner.store import Store

State = Literal["done", "failed", "refused", "blocked", "damaged", "missing"]
RETRIES = 2
UNDONE: tuple[State, ...] = ("missing", "damaged")  # what a run works


@dataclass(frozen=True)
class Status:
    """The state of a cell, and the first line of the reason unless it is done."""

    state: State
    reason: str = ""


class Reporter:
    """What the driver calls as a run goes on. This one shows nothing; those of `bench.runner.progress` do."""

    def begin(self, total: int, waiting: Sequence[Cell]) -> None:
        """The run starts: of `total` cells these have to be worked."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def started(self, cell: Cell) -> None:
        """A cell is being worked."""

    def epoch(self, name: str, epoch: int, epochs: int, loss: float) -> None:
        """A cell that trains has finished an epoch."""

    def finished(self, cell: Cell, status: Status) -> None:
        """A cell has ended, one way or another."""

    def pump(self) -> None:
        """Called a few times a second."""

    def end(self) -> None:
        """The run is over."""


@dataclass
class Work:
    """What jobs need besides their cells."""

    data: Mapping[str, Any]
    cache: Path
    events: Path | None = None  # folder of event files, one inside for each cell that trains


def standing(cells: Sequence[Identified], store: Store) -> dict[str, Status]:
    """How the folder of every cell stands, by key: done, failed, refused, damaged or missing.

    Reads every byte, since results built on a damaged file would be silently wrong.
    """
    planned, present, missing = folders_of(cells), store.present(), Status("missing")
    return {cell.key: _stored(cell, store, planned) if cell.key in present else missing for cell in cells}


def inspect(cells: Sequence[Cell], store: Store) -> dict[str, Status]:
    """As `standing`; a missing cell behind a parent that did not succeed is blocked.

    Args:
        cells: parents before children.
    """
    states = standing(cells, store)
    for cell in cells:
        if states[cell.key].state == "missing":
            states[cell.key] = _blocked(cell, states) or states[cell.key]
    return states


def _stored(cell: Identified, store: Store, planned: Mapping[Identity, str]) -> Status:
    try:
        files = store.examine(cell, planned)
    except Damaged as damage:
        return Status("damaged", str(damage).replace(f"{store.folder}/", ""))
    return Status(files[ERROR]["kind"], files[ERROR]["reason"]) if ERROR in files else Status("done")


def _status(files: Mapping[str, bytes]) -> Status:
    if ERROR not in files:
        return Status("done")
    error = json.loads(files[ERROR])
    return Status(error["kind"], error["reason"])


def _blamed(executor: Executor, *but: type[Exception]) -> AbstractContextManager[None]:
    kind = type(executor)
    return guests.blamed(kind, f"executor '{kind.__module__}:{kind.__qualname__}'", *but)


def _blocked(cell: Cell, states: Mapping[str, Status]) -> Status | None:
    for parent in cell.parents.values():
        status = states.get(parent.key)
        if status and status.state in ("failed", "refused", "blocked"):
            return Status("blocked", status.reason if status.state == "blocked" else f"{parent.name} {status.state}")
    return None


@dataclass
class Driver:
    """Work all missing cells.

    Attributes:
        store: where cells are kept.
        work: what jobs need.
        reporter: hears what happens.
        keeping: called before the first cell of a run is kept.
        retries: how often a cell is tried again whose worker died.
    """

    store: Store
    work: Work
    reporter: Reporter
    keeping: Callable[[], object] = lambda: None
    retries: int = RETRIES
    states: dict[str, Status] = field(default_factory=dict)
    running: dict[Future[JobResult], tuple[Cell, int]] = field(default_factory=dict)
    deaths: Counter[str] = field(default_factory=Counter)
    kept: bool = False

    def run(self, cells: Sequence[Cell], hire: Hire, *, retry_failed: bool) -> dict[str, Status]:
        """Have missing cells worked, parents before children; a failing cell never stops the others.

        Args:
            hire: called only if something is missing; the crew stays, for more runs (see `executor.at_work`).

        Returns:
            The status of every cell afterwards, by key.

        Raises:
            InputError: `runs/` cannot be written; all that was finished is kept.
            KeyboardInterrupt: passed on; `at_work` then stops the workers.
        """
        # Nothing has to be tidied up after an interrupt or a crash. A cell is written whole the moment it ends, so the
        # folder holds exactly what was finished, and the next run finds the rest missing. A cell that was being worked
        # is lost; it is made again from the same parents and seeds, in the same bytes.
        self.states = inspect(cells, self.store)
        if retry_failed:
            self._forget_failed(cells)
        waiting = [cell for cell in cells if self.states[cell.key].state in UNDONE]
        self._discard_damaged(waiting)
        self.reporter.begin(len(cells), waiting)
        try:
            if waiting:
                self._work_off(waiting, hire())
        finally:
            self.reporter.end()
        return self.states

    def _discard_damaged(self, missing: Sequence[Cell]) -> None:
        for cell in missing:
            status = self.states[cell.key]
            if status.state == "damaged":
                self.reporter.note(f"{cell.name} is damaged and will be redone: {status.reason}")
                self.store.discard(cell.key)

    def _forget_failed(self, cells: Sequence[Cell]) -> None:
        # A blocked cell has no folder; it waits again behind the parent that is retried. A refusal is a result that the
        # same inputs give again, so it stays.
        for cell in cells:
            if self.states[cell.key].state in ("failed", "blocked"):
                self.store.discard(cell.key)
                self.states[cell.key] = Status("missing")

    def _work_off(self, waiting: Sequence[Cell], crew: Crew) -> None:
        done = {key for key, status in self.states.items() if status.state == "done"}
        self.queue = Queue(crew.executor.slots, waiting, done)
        for cell in waiting:
            # A damaged cell waits although a parent of it failed; cells behind it have ended with it by then.
            if cell in self.queue and (status := _blocked(cell, self.states)):
                self._end(cell, status)
        self._start_ready(crew)
        while self.running:
            wait(self.running, timeout=0.2, return_when=FIRST_COMPLETED)
            with _blamed(crew.executor):
                crew.executor.pump()
            self.reporter.pump()
            # Not what `wait` returns: a future that was cancelled before it ran never counts as ended there.
            for future in [future for future in self.running if future.done()]:
                cell, slot = self.running.pop(future)
                self.queue.give_back(slot, lives=self._take(cell, future, crew.executor))
            self._start_ready(crew)

    def _start_ready(self, crew: Crew) -> None:
        """Start as many cells as there are free workers."""
        while next_one := self.queue.take():
            cell, slot = next_one
            if not self._start(cell, crew, slot):
                self.queue.give_back(slot)

    def _start(self, cell: Cell, crew: Crew, slot: int) -> bool:
        """Start a cell; False if a parent's files are damaged, which ends the cell."""
        # A parent was sound when the run began, or was written since. Its files are checked again as they are read: a
        # result must never come from bytes that are not those its key stands for.
        try:
            parents = {role: self.store.read(parent.key) for role, parent in cell.parents.items()}
            outside = _outside(cell)
        except Damaged as damage:
            self._end(cell, Status("failed", f"{damage}; run again, it is redone"))
            return False
        device = crew.devices[slot % len(crew.devices)]
        job = Job(
            cell.kind,
            cell.name,
            cell.spec,
            parents,
            outside,
            self.work.data,
            self.work.cache,
            device,
            self.store.scratch(cell.key),
            self.work.events and self.work.events / cell.name,
        )
        self.reporter.started(cell)
        with _blamed(crew.executor):
            future = crew.executor.submit(job, slot)
            if not isinstance(future, Future):
                raise TypeError(f"submit must return a Future, it returned a {type(future).__name__}")
        self.running[future] = (cell, slot)
        return True

    def _take(self, cell: Cell, future: Future[JobResult], executor: Executor) -> bool:
        """Keep the result of a cell; returns whether its worker lives."""
        # A worker's death, by a lack of memory or with its machine, says nothing about the cell, so it is tried again,
        # and nothing is stored: the next run tries again, perhaps with fewer workers. An error that the cell itself
        # raised is a result, and stored.
        try:
            with _blamed(executor, WorkerDied):
                result = future.result()
        except WorkerDied as death:
            self._try_again(cell, death)
            return False
        if not self.kept:
            self.keeping()
        self.kept = True
        self.store.write(cell, result.files, result.provenance, result.log)
        self._end(cell, _status(result.files))
        return True

    def _try_again(self, cell: Cell, death: WorkerDied) -> None:
        self.deaths[cell.key] += 1
        if self.deaths[cell.key] > self.retries:
            times = f", {self.deaths[cell.key]} times" if self.retries else ""
            self._end(cell, Status("failed", f"{death}{times}"))
            return
        left = self.retries - self.deaths[cell.key]
        self.reporter.note(f"{cell.name} is tried again, {left} more left: {death}")
        self.queue.again(cell)

    def _end(self, cell: Cell, status: Status) -> None:
        self.states[cell.key] = status
        self.reporter.finished(cell, status)
        self.queue.drop(cell)
        if status.state == "done":
            self.queue.succeeded(cell)
            return
        for child in self.queue.children(cell):
            if child in self.queue and (blocked := _blocked(child, self.states)):
                self._end(child, blocked)


def _outside(cell: Cell) -> dict[str, bytes]:
    """The user's own files, as they were when the run was planned: the cell's key holds their hashes.

    Raises:
        Damaged: one is gone or was changed since.
    """
    contents = {}
    for name, path in cell.outside.items():
        try:
            contents[name] = path.read_bytes()
        except OSError as error:
            raise Damaged(f"{path} cannot be read any more ({error.strerror})") from error
        if checksum(contents[name]) not in json.dumps(dict(cell.spec)):
            raise Damaged(f"{path} was changed since the run began")
    return contents
