"""What a person sees while the benchmark runs: one bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bench.runner.cell import Cell, Kind
from bench.runner.drive import Reporter, Status

PLAIN_INTERVAL = 5.0  # seconds between lines, so that a log stays readable


class CountingReporter(Reporter):
    """Counts cells and measures how long they take; how that is shown is up to the sub-classes."""

    def __init__(self) -> None:
        self.total = self.there = self.ended = self.failed = 0
        self.running: dict[str, str] = {}
        self.started_at: dict[str, float] = {}
        self.left: Counter[Kind] = Counter()
        self.timed: Counter[Kind] = Counter()
        self.seconds: defaultdict[Kind, float] = defaultdict(float)

    def begin(self, total: int, waiting: Sequence[Cell]) -> None:
        """See Reporter."""
        self.total, self.there = total, total - len(waiting)
        self.left = Counter(cell.kind for cell in waiting)

    def started(self, cell: Cell) -> None:
        """See Reporter."""
        self.running[cell.name] = ""
        self.started_at[cell.name] = time.monotonic()

    def epoch(self, name: str, epoch: int, epochs: int, loss: float) -> None:
        """See Reporter."""
        if name in self.running:  # a worker's last message may come after its cell has ended
            self.running[name] = f"epoch {epoch}/{epochs}, loss {loss:.3f}"

    def finished(self, cell: Cell, status: Status) -> None:
        """See Reporter."""
        self.running.pop(cell.name, None)
        self.ended += 1
        self.left[cell.kind] -= 1
        if cell.name in self.started_at:
            self.timed[cell.kind] += 1
            self.seconds[cell.kind] += time.monotonic() - self.started_at.pop(cell.name)
        if status.state == "failed":
            self.failed += 1
            self.note(f"failed: {cell.name}: {status.reason}")

    @property
    def seconds_left(self) -> float:
        """An estimate: mean time of each kind of cell so far, times the cells left, divided by the running workers."""
        # Kinds are kept apart because a training takes far longer than a comparison. A kind of which no cell has ended
        # counts as nothing, so the estimate starts too low, and models that differ in size are averaged. It is
        # therefore shown only once a cell has ended.
        work = sum(self.left[kind] * self.seconds[kind] / count for kind, count in self.timed.items())
        return work / max(1, len(self.running))

    @property
    def doing(self) -> str:
        """The running cell to show: one that has reported an epoch, if any has."""
        name = max(self.running, key=lambda name: bool(self.running[name]), default="")
        return f"{name} {self.running[name]}".strip() if name else ""


class Lines(CountingReporter):
    """One line every few seconds, for logs."""

    def __init__(self, stream: TextIO | None = None):
        super().__init__()
        self.stream = stream or sys.stderr
        self.last = 0.0

    def note(self, text: str) -> None:
        """See Reporter."""
        print(text, file=self.stream, flush=True)

    def begin(self, total: int, waiting: Sequence[Cell]) -> None:
        """See Reporter."""
        super().begin(total, waiting)
        self.note(f"{total} {'cell' if total == 1 else 'cells'}, {self.there} there already")

    def finished(self, cell: Cell, status: Status) -> None:
        """See Reporter."""
        super().finished(cell, status)
        self._line()

    def pump(self) -> None:
        """See Reporter."""
        self._line()

    def _line(self) -> None:
        if time.monotonic() - self.last < PLAIN_INTERVAL:
            return
        self.last = time.monotonic()
        left = f", about {_clock(self.seconds_left)} left" if self.ended else ""
        failed = f", {self.failed} failed" if self.failed else ""
        self.note(f"{self.there + self.ended}/{self.total} cells{failed}{left}; {self.doing}")


class Bar(CountingReporter):
    """One bar for the benchmark, with the running cell's epoch and loss, on a terminal."""

    def __init__(self) -> None:
        super().__init__()
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)

    def note(self, text: str) -> None:
        """See Reporter."""
        self.bar.console.print(text, markup=False, highlight=False)

    def begin(self, total: int, waiting: Sequence[Cell]) -> None:
        """See Reporter."""
        super().begin(total, waiting)
        self.task = self.bar.add_task("", total=total, completed=self.there)
        self.bar.start()

    def pump(self) -> None:
        """See Reporter."""
        parts = [f"{len(self.running)} running", f"{self.failed} failed" if self.failed else ""]
        parts += [f"{_clock(self.seconds_left)} left" if self.ended else "", self.doing]
        description = ", ".join(filter(None, parts))
        self.bar.update(self.task, completed=self.there + self.ended, description=description)

    def end(self) -> None:
        """See Reporter."""
        self.bar.stop()


def for_stream(stream: TextIO) -> CountingReporter:
    """A bar for a terminal, plain lines for anything else."""
    return Bar() if stream.isatty() else Lines(stream)


def _clock(seconds: float) -> str:
    """E.g. `1:02:03` or `2:03`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
