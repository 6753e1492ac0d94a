"""The driver: looks at which cells are there, has the others worked, and alone writes `runs/`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench import guests
from bench.folders import Damaged
from bench.runner.cell import Cell
from bench.runner.executor import Crew, Executor, Hire, WorkerDied
from bench.runner.job import Job, JobResult
from bench.runner.slots import Slots
from bench.runner.sound import ERROR, Identified, Identity, folders_of
from bench.runner.store import Store

State = Literal["done", "failed", "refused", "blocked", "damaged", "missing"]
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


def standing(cells: Sequence[Identified], store: Store) -> dict[str, Status]:
    """How the folder of every cell stands, by key: done, failed, refused, damaged or missing.

    Reads every byte, since results built on a damaged file would be silently wrong.
    """
    planned = folders_of(cells)
    return {cell.key: _stored(cell, store, planned) or Status("missing") for cell in cells}


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


def _stored(cell: Identified, store: Store, planned: Mapping[Identity, str]) -> Status | None:
    if not store.has(cell.key):
        return None
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
    """

    store: Store
    work: Work
    reporter: Reporter
    keeping: Callable[[], object] = lambda: None
    states: dict[str, Status] = field(default_factory=dict)
    running: dict[Future[JobResult], tuple[Cell, int]] = field(default_factory=dict)
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

    def _work_off(self, waiting: list[Cell], crew: Crew) -> None:
        # The loop ends: a waiting cell has either a parent that is running or waiting, or all parents done, or one that
        # ended otherwise; in the first case it waits, in the second it is started as soon as a slot is free, in the
        # third it ends as blocked. Where nothing runs, the last start ended at once, on a damaged parent: look again.
        slots = Slots(crew.executor.slots)
        while waiting or self.running:
            waiting = self._start_ready(waiting, crew, slots)
            if not self.running:
                continue
            wait(self.running, timeout=0.2, return_when=FIRST_COMPLETED)
            with _blamed(crew.executor):
                crew.executor.pump()
            self.reporter.pump()
            # Not what `wait` returns: a future that was cancelled before it ran never counts as ended there.
            for future in [future for future in self.running if future.done()]:
                cell, slot = self.running.pop(future)
                slots.give_back(slot, lives=self._take(cell, future, crew.executor))

    def _start_ready(self, waiting: list[Cell], crew: Crew, slots: Slots) -> list[Cell]:
        """Start as many cells as there are free slots; return the cells that still wait."""
        # The first pass gives a cell only to a worker that remembers its topic, or, for a topic that nobody knows yet,
        # to any. The second fills the slots that are still free, at the price of computing references again: a worker
        # that waits costs more than that.
        waiting = [cell for cell in waiting if not self._end_blocked(cell)]
        started: set[str] = set()
        for anew in (False, True):
            for cell in waiting:
                if not slots.any_free:
                    break
                if cell.key in started or not self._is_ready(cell):
                    continue
                slot = slots.take(cell.topic, anew=anew)
                if slot is not None:
                    started.add(cell.key)
                    if not self._start(cell, crew, slot):
                        slots.give_back(slot)
        return [cell for cell in waiting if cell.key not in started]

    def _end_blocked(self, cell: Cell) -> bool:
        status = _blocked(cell, self.states)
        if status:
            self._end(cell, status)
        return status is not None

    def _is_ready(self, cell: Cell) -> bool:
        return all(self.states[parent.key].state == "done" for parent in cell.parents.values())

    def _start(self, cell: Cell, crew: Crew, slot: int) -> bool:
        """Start a cell; False if a parent's files are damaged, which ends the cell."""
        # A parent was sound when the run began, or was written since. Its files are checked again as they are read: a
        # result must never come from bytes that are not those its key stands for.
        try:
            parents = {role: self.store.read(parent.key) for role, parent in cell.parents.items()}
        except Damaged as damage:
            self._end(cell, Status("failed", f"{damage}; run again, it is redone"))
            return False
        outside = {name: path.read_bytes() for name, path in cell.outside.items()}
        device = crew.devices[slot % len(crew.devices)]
        job = Job(cell.kind, cell.name, cell.spec, parents, outside, self.work.data, self.work.cache, device)
        self.reporter.started(cell)
        with _blamed(crew.executor):
            future = crew.executor.submit(job, slot)
            if not isinstance(future, Future):
                raise TypeError(f"submit must return a Future, it returned a {type(future).__name__}")
        self.running[future] = (cell, slot)
        return True

    def _take(self, cell: Cell, future: Future[JobResult], executor: Executor) -> bool:
        """Keep the result of a cell; returns whether its worker lives."""
        # A worker's death, most often by a lack of memory, says nothing about the cell, so nothing is stored: the next
        # run tries again, perhaps with fewer workers. An error that the cell itself raised is a result, and stored.
        try:
            with _blamed(executor, WorkerDied):
                result = future.result()
        except WorkerDied as death:
            self._end(cell, Status("failed", str(death)))
            return False
        if not self.kept:
            self.keeping()
        self.kept = True
        self.store.write(cell, result.files, result.provenance, result.log)
        self._end(cell, _status(result.files))
        return True

    def _end(self, cell: Cell, status: Status) -> None:
        self.states[cell.key] = status
        self.reporter.finished(cell, status)
