"""The report of a finished run: how long it takes, how long processors work for it, and the memory of its processes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import InputError
from bench.speed.cells import children_seconds

RUNS = Path("runs")
PAUSE = 0.1  # seconds between two looks at the memory


@dataclass(frozen=True)
class Expense:
    """What one report took.

    Attributes:
        seconds: by the clock; `busy` those that processors worked, in all processes together.
        memory: most bytes that all processes had together at one time, shared pages counted once; on other systems
            than Linux of the largest process alone.
    """

    seconds: float
    busy: float
    memory: float


def main(folders: list[Path] | None = None) -> None:
    """Print what the reports of these folders take, default of all in `runs/`.

    Raises:
        InputError: there is none, or one cannot be rendered.
    """
    folders = folders or sorted(plan.parent for plan in RUNS.glob("*/plan.json"))
    if not folders:
        raise InputError("runs/ has no finished run: run `make bench report PROFILE=smoke` first")
    for folder in folders:
        cost = measured(folder)
        print(f"the report of {folder}, {os.cpu_count()} cores, n = 1")
        print(f"  until it is written   {cost.seconds:.1f} s, of which processors worked {cost.busy:.1f} s")
        print(f"  most memory           {cost.memory / 1e6:.0f} MB")


def measured(folder: Path) -> Expense:
    """Render the runs of a folder once, in processes of their own.

    Raises:
        InputError: there is no report of it.
    """
    with tempfile.TemporaryDirectory() as out:
        call = [sys.executable, "-m", "bench", "report", "--profile", folder.name]
        begun, before, memory = time.monotonic(), children_seconds(), 0.0
        with subprocess.Popen(
            [*call, "--runs", str(folder.parent), "--out", out], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            while process.poll() is None:
                memory = max(memory, sum(map(_resident, _family(process.pid))))
                time.sleep(PAUSE)
            seconds = time.monotonic() - begun
            if process.returncode:
                said = (process.stderr.read() if process.stderr else b"").decode(errors="replace").strip()
                raise InputError(f"{folder} has no report: {said or process.returncode}")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Expense(seconds, children_seconds() - before, memory or largest)


def _family(process: int) -> Iterator[int]:
    """A process and all that it started and that still run."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # one that has ended meanwhile
            for child in children.read_text(encoding="ascii").split():
                yield from _family(int(child))


def _resident(process: int) -> int:
    """Bytes of a process; of pages that n processes share, an n-th. 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main([Path(folder) for folder in sys.argv[1:]])
