"""When, where and with what a cell was made: all that is worth knowing and has no part in its result."""

from __future__ import annotations

import datetime
import os
import platform
import resource
import socket
import subprocess
import sys
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import bench

LIBRARIES = ("torch", "torchvision", "nncf", "captum", "numpy", "scipy", "statsmodels")


class Stopwatch:
    """Times a block of work, and has its `provenance` afterwards."""

    def __init__(self, device: str, threads: int):
        self.device = device
        self.threads = threads
        self.provenance: dict[str, Any] = {}

    def __enter__(self) -> Stopwatch:
        self.started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.provenance = {
            "started": self.started,
            "wall_seconds": round(time.perf_counter() - self.wall, 3),
            "cpu_seconds": round(time.process_time() - self.cpu, 3),
            "peak_memory_bytes": peak_memory(),
            "device": _device_name(self.device),
            "threads": self.threads,
            **machine(),
        }


def peak_memory() -> int:
    """Most resident memory that this process has had so far, in bytes.

    On Linux `ru_maxrss` begins at the peak of the process that started this one; the kernel's `VmHWM` does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@cache
def machine() -> dict[str, Any]:
    """Host, processor, versions and commit; the same for all cells of a process."""
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "versions": {"innards": bench.__version__, "python": platform.python_version(), **_libraries()},
        **_commit(),
    }


def _libraries() -> dict[str, str]:
    return {name: metadata.version(name) for name in LIBRARIES}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _commit() -> dict[str, Any]:
    folder = Path(bench.__file__).parent
    try:
        # An installed Innards may lie inside a repository of the user's, whose commit says nothing of it.
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")
        commit = _git(folder, "rev-parse", "HEAD").strip()
        return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain", "--", "."))}
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout


def _device_name(device: str) -> str:
    if not device.startswith("cuda"):
        return device
    import torch

    return f"{device} ({torch.cuda.get_device_name(device)})"
