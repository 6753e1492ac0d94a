"""What a person sees while the benchmark runs: one bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from bench.runner.cell import Cell
from bench.runner.drive import Reporter, Status

PLAIN_INTERVAL = 5.0  # seconds between lines, so that a log stays readable


class Base(Reporter):
    """Counts; how it is shown is up to the sub-classes.

    Args:
        pump: fetches what worker processes have to say.
    """

    def __init__(self) -> None:
        self.total = self.there = self.ended = self.failed = 0
        self.running: dict[str, str] = {}
        self.fetch: Callable[[], None] = lambda: None
        self.since = time.monotonic()

    def begin(self, total: int, there: int) -> None:
        """See Reporter."""
        self.total, self.there, self.since = total, there, time.monotonic()

    def started(self, cell: Cell) -> None:
        """See Reporter."""
        self.running[cell.name] = ""

    def epoch(self, name: str, epoch: int, epochs: int, loss: float) -> None:
        """See Reporter."""
        if name in self.running:
            self.running[name] = f"epoch {epoch}/{epochs}, loss {loss:.3f}"

    def finished(self, cell: Cell, status: Status) -> None:
        """See Reporter."""
        self.running.pop(cell.name, None)
        self.ended += 1
        if status.state == "failed":
            self.failed += 1
            self.note(f"failed: {cell.name}: {status.reason}")

    def pump(self) -> None:
        """See Reporter."""
        self.fetch()

    @property
    def seconds_left(self) -> float:
        """At the speed so far; NaN before the first cell has ended."""
        rest = self.total - self.there - self.ended
        return (time.monotonic() - self.since) / self.ended * rest if self.ended else float("nan")

    @property
    def doing(self) -> str:
        """The cell that tells most of itself now."""
        name = max(self.running, key=lambda name: bool(self.running[name]), default="")
        return f"{name} {self.running[name]}".strip() if name else ""


class Lines(Base):
    """A line every few seconds, for logs."""

    def __init__(self, stream: TextIO | None = None):
        super().__init__()
        self.stream = stream or sys.stderr
        self.last = 0.0

    def note(self, text: str) -> None:
        """See Reporter."""
        print(text, file=self.stream, flush=True)

    def begin(self, total: int, there: int) -> None:
        """See Reporter."""
        super().begin(total, there)
        self.note(f"{total} cells, {there} there already")

    def finished(self, cell: Cell, status: Status) -> None:
        """See Reporter."""
        super().finished(cell, status)
        self._line()

    def pump(self) -> None:
        """See Reporter."""
        super().pump()
        self._line()

    def _line(self) -> None:
        if time.monotonic() - self.last < PLAIN_INTERVAL:
            return
        self.last = time.monotonic()
        left = f", about {_clock(self.seconds_left)} left" if self.ended else ""
        failed = f", {self.failed} failed" if self.failed else ""
        self.note(f"{self.there + self.ended}/{self.total} cells{failed}{left}; {self.doing}")


class Bar(Base):
    """One bar for the benchmark, with the running cell's epoch and loss, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        super().__init__()
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)

    def note(self, text: str) -> None:
        """See Reporter."""
        self.bar.console.print(text, markup=False, highlight=False)

    def begin(self, total: int, there: int) -> None:
        """See Reporter."""
        super().begin(total, there)
        self.task = self.bar.add_task("", total=total, completed=there)
        self.bar.start()

    def pump(self) -> None:
        """See Reporter."""
        super().pump()
        parts = [f"{len(self.running)} running", f"{self.failed} failed" if self.failed else ""]
        parts += [f"{_clock(self.seconds_left)} left" if self.ended else "", self.doing]
        description = ", ".join(filter(None, parts))
        self.bar.update(self.task, completed=self.there + self.ended, description=description)

    def end(self) -> None:
        """See Reporter."""
        self.bar.stop()


def for_stream(stream: TextIO) -> Base:
    """The reporter that suits where the output goes."""
    return Bar() if stream.isatty() else Lines(stream)


def _clock(seconds: float) -> str:
    """E.g. `1:02:03` or `2:03`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
