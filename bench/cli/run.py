"""Train, compress, pack and compare all that a profile asks for; what is there already is kept."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import cli, profile
from bench.cli import _options
from bench.runner import plan
from bench.runner.cell import Cell
from bench.runner.drive import Driver, Status, Work, inspect
from bench.runner.job import Executor
from bench.runner.progress import Base, for_stream
from bench.runner.store import Store

HELP = "run a profile's benchmark, or resume it"
EXAMPLE = "python -m bench run --profile digits --jobs 2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    _options.add_profile(parser)
    parser.add_argument("--jobs", type=_options.positive, metavar="N", help="worker processes; 1 works in this process")
    parser.add_argument("--device", default="auto", help="cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--only", metavar="GLOB", help="only cells whose name matches, with what they need")
    parser.add_argument("--shard", type=_options.part_of, metavar="K/N", help="only the K-th of N parts")
    parser.add_argument("--retry-failed", action="store_true", help="work failed cells again")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--tensorboard", action="store_true", help="also write learning curves as event files")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    experiment = profile.load(options.profile)
    data = dict(experiment.file.data.model_dump())
    cache = options.runs / ".data"
    whole = plan.make(experiment, _fingerprint(data, cache))
    cells = _chosen(whole, options)
    store = Store(options.runs / experiment.name)
    if options.dry_run:
        return _say_what_would_be_done(cells, store)
    store.sweep()
    store.write_index("plan.json", {**whole.as_dict(), "data": _describe(data, cache)})
    reporter = for_stream(sys.stderr)
    driver = Driver(store, Work(data, cache, _devices(options.device)), reporter)
    states = driver.run(cells, _executor(options, experiment, reporter), retry_failed=options.retry_failed)
    if options.tensorboard:
        _write_event_files(cells, states, store)
    return _summarise(states, store)


def _fingerprint(data: Mapping[str, Any], cache: Path) -> str:
    from bench.data import fingerprint

    return fingerprint(**data, cache=cache)


def _describe(data: Mapping[str, Any], cache: Path) -> dict[str, Any]:
    from bench.data import load

    images = load(**data, cache=cache)
    counts = {name: len(getattr(images, name).labels) for name in ("train", "validation", "test")}
    return {
        "source": data["source"],
        "title": images.title,
        "classes": list(images.classes),
        "counts": {**counts, "probe": len(images.probe)},
        "fingerprint": images.fingerprint,
        "size": images.size,
        "channels": images.channels,
    }


def _chosen(whole: plan.Plan, options: argparse.Namespace) -> Sequence[Cell]:
    cells = plan.only(whole, options.only) if options.only else list(whole.cells)
    return plan.shard(cells, *options.shard) if options.shard else cells


def _devices(device: str) -> list[str]:
    if device == "cpu":
        return ["cpu"]
    gpus = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        gpus = min(gpus, len([name for name in visible.split(",") if name not in ("", "-1")]))
    if device.startswith("cuda:"):
        return [device]
    return [f"cuda:{index}" for index in range(gpus)] or ["cpu"]


def _executor(options: argparse.Namespace, experiment: profile.Profile, reporter: Base) -> Executor:
    devices = _devices(options.device)
    cores = max(1, len(os.sched_getaffinity(0)) // experiment.file.threads)
    jobs = options.jobs or (cores if devices == ["cpu"] else len(devices))
    if jobs == 1:
        from bench.runner.executors.inline import Inline

        return Inline(reporter.epoch)
    from bench.runner.executors.processes import Processes

    processes = Processes(jobs, reporter.epoch)
    reporter.fetch = processes.pump
    return processes


def _say_what_would_be_done(cells: Sequence[Cell], store: Store) -> int:
    states = inspect(cells, store)
    for cell in cells:
        if states[cell.key].state == "missing":
            print(cell.name)
    print(f"{_count(states)}; nothing was done")
    return cli.OK


def _write_event_files(cells: Sequence[Cell], states: Mapping[str, Status], store: Store) -> None:
    from bench.training import _tensorboard

    for cell in cells:
        if states[cell.key].state == "done" and cell.kind != "compare":
            _tensorboard.write_json(store.path(cell.key) / "history.json", store.folder / "tensorboard" / cell.name)


def _summarise(states: Mapping[str, Status], store: Store) -> int:
    print(f"{_count(states)} in {store.folder}")
    return cli.SOME_FAILED if any(status.state == "failed" for status in states.values()) else cli.OK


def _count(states: Mapping[str, Status]) -> str:
    counts = Counter(status.state for status in states.values())
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no cells"
