"""Working a profile's cells: what `run` and `search` have in common."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from bench import cli
from bench.cli import _options
from bench.data import load
from bench.errors import InputError
from bench.runner.drive import Status
from bench.runner.job import Executor
from bench.runner.plan_file import DataDescription
from bench.runner.progress import Base, for_stream
from bench.runner.store import Store

DRIVER = Path("/proc/driver/nvidia/gpus")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """`--jobs` and `--device`."""
    parser.add_argument("--jobs", type=_options.positive, metavar="N", help="worker processes; 1 works in this process")
    parser.add_argument(
        "--device", type=device, default="auto", help="cpu, cuda (all GPUs) or cuda:N (default: auto, cuda where it is)"
    )


def reporter() -> Base:
    """Tells a person what happens, on standard error."""
    return for_stream(sys.stderr)


def executor(jobs: int | None, places: Sequence[str], threads: int, told: Base) -> Executor:
    """As many workers as `--jobs` asks for: by default a process a core, or one a GPU.

    Args:
        places: from `devices`.
        threads: that one cell computes with.
        told: of epochs.
    """
    cores = max(1, len(os.sched_getaffinity(0)) // threads)
    jobs = jobs or (cores if places == ["cpu"] else len(places))
    if jobs == 1:
        from bench.runner.executors.inline import Inline

        return Inline(told.epoch)
    from bench.runner.executors.processes import Processes

    processes = Processes(jobs, told.epoch)
    told.fetch = processes.pump
    return processes


def device(text: str) -> str:
    """What `--device` may be.

    Raises:
        argparse.ArgumentTypeError: it is something else.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:(0|[1-9][0-9]*))?", text):
        raise argparse.ArgumentTypeError(f"expected auto, cpu, cuda or cuda:N, e.g. cuda:0, given {text!r}")
    return text


def devices(asked: str) -> list[str]:
    """The devices that `--device` names; for `auto` all GPUs there are, or the CPU.

    Raises:
        InputError: it names a GPU that is not there.
    """
    if asked == "cpu":
        return ["cpu"]
    found = [f"cuda:{index}" for index in range(gpus() or (0 if asked == "auto" else gpus_of_torch()))]
    if asked == "auto":
        return found or ["cpu"]
    if not found:
        raise InputError(f"--device {asked}: there is no GPU here that PyTorch can use, expected cpu or auto")
    if asked == "cuda":
        return found
    if asked not in found:
        there = "there is one GPU" if len(found) == 1 else f"there are {len(found)} GPUs"
        raise InputError(f"--device {asked}: {there} here, expected {' or '.join(found)}")
    return [asked]


def gpus() -> int:
    """How many GPUs PyTorch can use, without importing it: a run with nothing to do is quick.

    Those that CUDA_VISIBLE_DEVICES hides do not count; none does where PyTorch was built for CPUs.
    """
    if not DRIVER.is_dir() or metadata.version("torch").endswith("+cpu"):
        return 0
    there = len(list(DRIVER.iterdir()))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return there
    return min(there, len([name for name in visible.split(",") if name not in ("", "-1")]))


def gpus_of_torch() -> int:
    """How many it finds itself; asked where no driver is seen, but a GPU is named."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def describe(data: Mapping[str, Any], cache: Path) -> DataDescription:
    """What the report says of the images."""
    images = load(**data, cache=cache)
    counts = {name: len(getattr(images, name).labels) for name in ("train", "validation", "test")}
    return DataDescription(
        source=data["source"],
        title=images.title,
        classes=tuple(images.classes),
        counts={**counts, "probe": len(images.probe)},
        fingerprint=images.fingerprint,
        content=images.content,
        size=images.size,
        channels=images.channels,
    )


def summarise(states: Mapping[str, Status], store: Store) -> int:
    """Print how the cells ended; returns the exit code."""
    print(f"{count(states.values())} in {store.folder}")
    return cli.SOME_FAILED if any(status.state == "failed" for status in states.values()) else cli.OK


def count(states: Iterable[Status]) -> str:
    """E.g. `380 done, 4 refused`."""
    counts = Counter(status.state for status in states)
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no cells"
