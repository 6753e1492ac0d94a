"""Working a profile's cells: what `run` and `search` have in common."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench import cli
from bench.cli import _options
from bench.runner.drive import Status
from bench.runner.job import Executor
from bench.runner.progress import Base, for_stream
from bench.runner.store import Store


def add_workers(parser: argparse.ArgumentParser) -> None:
    """`--jobs` and `--device`."""
    parser.add_argument("--jobs", type=_options.positive, metavar="N", help="worker processes; 1 works in this process")
    parser.add_argument("--device", default="auto", help="cpu, cuda or cuda:N (default: auto)")


def reporter() -> Base:
    """Tells a person what happens, on standard error."""
    return for_stream(sys.stderr)


def executor(options: argparse.Namespace, threads: int, told: Base) -> Executor:
    """What `--jobs` and `--device` ask for: by default a process a core, or one a GPU.

    Args:
        threads: that one cell computes with.
        told: of epochs.
    """
    found = devices(options.device)
    cores = max(1, len(os.sched_getaffinity(0)) // threads)
    jobs = options.jobs or (cores if found == ["cpu"] else len(found))
    if jobs == 1:
        from bench.runner.executors.inline import Inline

        return Inline(told.epoch)
    from bench.runner.executors.processes import Processes

    processes = Processes(jobs, told.epoch)
    told.fetch = processes.pump
    return processes


def devices(device: str) -> list[str]:
    """The devices that `--device` names; all GPUs there are, or the CPU, for `auto`."""
    if device == "cpu":
        return ["cpu"]
    gpus = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        gpus = min(gpus, len([name for name in visible.split(",") if name not in ("", "-1")]))
    if device.startswith("cuda:"):
        return [device]
    return [f"cuda:{index}" for index in range(gpus)] or ["cpu"]


def fingerprint(data: Mapping[str, Any], cache: Path) -> str:
    """Of the profile's images and their division."""
    from bench.data import fingerprint

    return fingerprint(**data, cache=cache)


def describe(data: Mapping[str, Any], cache: Path) -> dict[str, Any]:
    """What the report says of the images."""
    from bench.data import load

    images = load(**data, cache=cache)
    counts = {name: len(getattr(images, name).labels) for name in ("train", "validation", "test")}
    return {
        "source": data["source"],
        "title": images.title,
        "classes": list(images.classes),
        "counts": {**counts, "probe": len(images.probe)},
        "fingerprint": images.fingerprint,
        "content": images.content,
        "size": images.size,
        "channels": images.channels,
    }


def summarise(states: Mapping[str, Status], store: Store) -> int:
    """Print how the cells ended; returns the exit code."""
    print(f"{count(states.values())} in {store.folder}")
    return cli.SOME_FAILED if any(status.state == "failed" for status in states.values()) else cli.OK


def count(states: Iterable[Status]) -> str:
    """E.g. `380 done, 4 refused`."""
    counts = Counter(status.state for status in states)
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no cells"
