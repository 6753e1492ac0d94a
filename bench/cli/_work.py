"""What `run` and `search` have in common: workers, devices, and how a run is summed up."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench import cli, guests, registry
from bench.cli import _options
from bench.data import load
from bench.errors import InputError
from bench.profile import Profile
from bench.runner import executor
from bench.runner.drive import Status
from bench.runner.executor import ClusterExecutor, Crew, Demand
from bench.runner.job import Progress
from bench.runner.plan_file import DataDescription
from bench.runner.progress import CountingReporter, for_stream
from bench.runner.store import Store
from bench.task import task


def add_workers(parser: argparse.ArgumentParser) -> None:
    """`--jobs`, `--device`, `--executor` and `--address`."""
    parser.add_argument("--jobs", type=_options.positive, metavar="N", help="worker processes; 1 works in this process")
    parser.add_argument(
        "--device", type=device, default="auto", help="cpu, cuda (all GPUs) or cuda:N (default: auto, cuda where it is)"
    )
    parser.add_argument(
        "--executor",
        metavar="NAME",
        help=f"what works the cells: {', '.join(registry.names(executor.PACKAGE))} or package.module:Class of your own "
        "(default: inline for one job, else processes)",
    )
    parser.add_argument(
        "--address",
        default="",
        metavar="HOST:PORT",
        help="of the cluster that --executor ray joins, or auto (default: one of this machine alone)",
    )


def reporter() -> CountingReporter:
    """Shows a person what happens, on standard error; standard output is left to results."""
    return for_stream(sys.stderr)


def check_workers(options: argparse.Namespace) -> None:
    """Refuse workers that cannot be, before anything is decoded or written.

    Raises:
        InputError: there is no such executor, what it needs is not installed, or the GPU that is named is not there.
    """
    if options.executor:
        executor.check_name(options.executor)
    if cluster := _cluster(options):
        cluster.check(_demand(options, 1))
        return
    if options.address:
        raise InputError("--address is that of a cluster: name what joins it, e.g. --executor ray")
    # Only PyTorch knows which GPUs it can use, and importing it takes seconds. `auto` waits until a cell has to be
    # worked, so that a run with nothing to do is quick; who names a GPU wants to hear at once that it is missing.
    if options.device.startswith("cuda"):
        devices(options.device)


def crew(options: argparse.Namespace, threads: int, progress: Progress) -> Crew:
    """The workers that `add_workers` asked for: by default one process per core, or one per GPU.

    A cluster's executor finds cores and GPUs itself.

    Args:
        threads: that one cell computes with.
        progress: to be called after every epoch of a training.

    Raises:
        InputError: see `devices`, `executor.make` and `ClusterExecutor.hire`.
    """
    if cluster := _cluster(options):
        with guests.blamed(cluster, f"executor {options.executor!r}"):
            return cluster.hire(_demand(options, threads), progress)
    # Cells that compute with several threads leave room for fewer workers. `sched_getaffinity` counts the cores that
    # this process may use, which in a container or under a batch system are fewer than the machine has.
    available = devices(options.device)
    cores = max(1, len(os.sched_getaffinity(0)) // threads)
    jobs = options.jobs or (cores if available == ["cpu"] else len(available))
    name = options.executor or (executor.ONE_AT_A_TIME if jobs == 1 else executor.SEVERAL)
    return Crew(executor.make(name, jobs, progress), available)


def _cluster(options: argparse.Namespace) -> type[ClusterExecutor] | None:
    """The class of an executor that works on a cluster, if one is named."""
    # The local ones are no clusters, and to load them may import PyTorch.
    if not options.executor or options.executor in executor.LOCAL:
        return None
    kind = executor.kind(options.executor)
    return kind if issubclass(kind, ClusterExecutor) else None


def _demand(options: argparse.Namespace, threads: int) -> Demand:
    return Demand(options.jobs, threads, options.device, options.address)


def device(text: str) -> str:
    """What `--device` may be.

    Raises:
        argparse.ArgumentTypeError: it is something else.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:(0|[1-9][0-9]*))?", text):
        raise argparse.ArgumentTypeError(f"expected auto, cpu, cuda or cuda:N, e.g. cuda:0, given {text!r}")
    return text


def devices(option: str) -> list[str]:
    """The devices that `--device` names; for `auto` all GPUs there are, or the CPU.

    Raises:
        InputError: it names a GPU that is not there.
    """
    if option == "cpu":
        return ["cpu"]
    gpus = [f"cuda:{index}" for index in range(count_gpus())]
    if option == "auto":
        return gpus or ["cpu"]
    if not gpus:
        raise InputError(f"--device {option}: there is no GPU here that PyTorch can use, expected cpu or auto")
    if option == "cuda":
        return gpus
    if option not in gpus:
        gpu_count = "there is one GPU" if len(gpus) == 1 else f"there are {len(gpus)} GPUs"
        raise InputError(f"--device {option}: {gpu_count} here, expected {' or '.join(gpus)}")
    return [option]


def count_gpus() -> int:
    """How many GPUs PyTorch can use."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def describe(experiment: Profile, cache: Path) -> DataDescription:
    """What the report says of the images; their size is that of the first network's.

    Raises:
        InputError: the images are not all squares of one size where a network sees them, or are not for its task.
    """
    data = experiment.file.data.model_dump()
    loaded = load(**data, cache=cache)
    if sentence := task(experiment.file.task).unfit(loaded):
        raise InputError(f"profile {experiment.name!r}: {sentence}")
    transforms = [experiment.recipes[model.name].validation_transform for model in experiment.file.models]
    images, *_ = [loaded.transformed(transform) for transform in transforms]
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
        notices=images.notices,
    )


def summarise(states: Mapping[str, Status], store: Store) -> int:
    """Print how the cells ended; returns the exit code."""
    # A refusal is an answer, not a failure, and a blocked cell only follows from a failed one.
    print(f"{count(states.values())} in {store.folder}")
    return cli.SOME_FAILED if any(status.state == "failed" for status in states.values()) else cli.OK


def count(states: Iterable[Status]) -> str:
    """E.g. `380 done, 4 refused`."""
    counts = Counter(status.state for status in states)
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no cells"
