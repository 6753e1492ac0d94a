"""Time one exported network in this process, which does nothing else: `measure.py` starts it.

    python -m bench.deploy.timing REQUEST

REQUEST is JSON, see `Request`; the answer is one line of JSON.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from bench.deploy import engine
from bench.runner.provenance import peak_memory

FEWEST = 5  # passes, however long one takes
PEAK_SINCE_NOW = "5"  # to the kernel: begin the peak of resident memory anew


@dataclass(frozen=True)
class Request:
    """What to time.

    Attributes:
        engine: its name.
        file: the exported network.
        shape: of the images, (1, C, H, W).
        warm_up: passes that are not timed.
        passes: at most so many are timed.
        seconds: after which no further pass begins, once there are `FEWEST`.
    """

    engine: str
    file: str
    shape: tuple[int, ...]
    threads: int
    warm_up: int
    passes: int
    seconds: float


def timed(request: Request) -> dict[str, Any]:
    """Latency and memory of a network.

    Returns:
        median_ms, lower_quartile_ms, upper_quartile_ms of one pass; passes and warm_up; peak_memory_bytes of the whole
        process while it ran, and network_memory_bytes, what of that came with the network; other_cores, how many cores
        other programs kept busy meanwhile, None if the system doesn't tell; the engine's version.
    """
    # Memory before the network is that of Python and the engine. The peak begins anew once the network is loaded, so
    # that reading the file, which may take more than running it, does not count.
    began, busy, own = time.perf_counter(), busy_seconds(), time.process_time()
    chosen = engine.find(request.engine)
    chosen.start(request.threads)
    images = np.random.default_rng(0).standard_normal(request.shape, dtype=np.float32)
    before = resident()
    run = chosen.load(Path(request.file), request.threads)
    gc.collect()
    restart_peak()
    for _ in range(request.warm_up):
        run(images)
    nanoseconds = _passes(run, images, request)
    peak = peak_memory()
    wall, busy_now = time.perf_counter() - began, busy_seconds()
    others = None if busy is None or busy_now is None else busy_now - busy - (time.process_time() - own)
    lower, median, upper = np.quantile(nanoseconds, (0.25, 0.5, 0.75)) / 1e6
    return {
        "median_ms": float(median),
        "lower_quartile_ms": float(lower),
        "upper_quartile_ms": float(upper),
        "passes": len(nanoseconds),
        "warm_up": request.warm_up,
        "threads": request.threads,
        "batch": request.shape[0],
        "peak_memory_bytes": peak,
        "network_memory_bytes": max(peak - before, 0),
        "other_cores": None if others is None else round(max(others, 0.0) / wall, 2),
        "version": metadata.version(chosen.package),
    }


def _passes(run: engine.Run, images: np.ndarray, request: Request) -> list[int]:
    nanoseconds: list[int] = []
    began = time.perf_counter()
    gc.disable()
    try:
        while len(nanoseconds) < request.passes:
            if len(nanoseconds) >= FEWEST and time.perf_counter() - began > request.seconds:
                break
            start = time.perf_counter_ns()
            run(images)
            nanoseconds.append(time.perf_counter_ns() - start)
    finally:
        gc.enable()
    return nanoseconds


def resident() -> int:
    """Resident memory of this process in bytes; its peak where the system doesn't tell."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return peak_memory()


def busy_seconds() -> float | None:
    """Seconds that all cores together have been at work since the machine started; None if nobody counts."""
    file = Path("/proc/stat")
    if not file.exists():
        return None
    _, user, nice, system, _, _, *others = file.read_text(encoding="ascii").partition("\n")[0].split()
    ticks = sum(map(int, (user, nice, system, *others[:3])))  # interrupts, and what a host took away
    return ticks / os.sysconf("SC_CLK_TCK")


def restart_peak() -> None:
    """Let the peak of resident memory begin anew, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text(PEAK_SINCE_NOW, encoding="ascii")


def as_json(request: Request) -> str:
    """A request as `main` reads it."""
    return json.dumps(asdict(request))


def main(arguments: list[str]) -> None:
    """Answer the request on the command line."""
    settings = json.loads(arguments[0])
    answer = timed(Request(**{**settings, "shape": tuple(settings["shape"])}))
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
