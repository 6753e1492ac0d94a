"""Simulate every scenario once, in parallel processes, and keep its rates in one file per scenario."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from pebble import ProcessExpired, ProcessPool
from threadpoolctl import threadpool_limits

from bench import registry
from bench.calibrate.rates import MeasuredRate, rate_from, rates_of
from bench.calibrate.scenario import Scenario
from bench.errors import InputError, did_you_mean

PACKAGE = "bench.calibrate.scenarios"
Progress = Callable[[str, int, int], None]


def calibrate(
    folder: Path, *, replications: int = 500, jobs: int = 1, only: str = "*", progress: Progress | None = None
) -> list[MeasuredRate]:
    """Measure every interval's coverage and every test's error rate; scenarios in `folder` are not simulated again.

    Args:
        folder: one JSON file per scenario.
        replications: samples per scenario; a scenario whose samples are cheap takes more.
        jobs: processes; with 1, this process does the work.
        only: a pattern of scenario names, such as "jackknife/*".
        progress: called after each scenario with its name, the number done, and the number of all.

    Raises:
        InputError: no scenario matches the pattern, there are too few replications, or the folder cannot be written.
    """
    if replications < 2:
        raise InputError(f"replications: expected 2 or more, not {replications}.")
    chosen = chosen_scenarios(only)
    missing = [scenario for scenario in chosen if _read(folder, scenario, replications) is None]
    _make(folder)
    done = len(chosen) - len(missing)
    for name in _work(folder, missing, replications, jobs):
        done += 1
        if progress:
            progress(name, done, len(chosen))
    return load(folder, replications=replications, only=only)


def load(folder: Path, *, replications: int = 500, only: str = "*") -> list[MeasuredRate]:
    """The rates in a folder, in the scenarios' order; empty if nothing was simulated."""
    stored = (_read(folder, scenario, replications) for scenario in chosen_scenarios(only))
    return [rate for rates in stored if rates for rate in rates]


def kept(folder: Path) -> list[MeasuredRate]:
    """The rates of all current scenarios in a folder, in their order, each from the file with the most replications.

    Unreadable files and files of another version of a scenario are left out.
    """
    largest: dict[str, tuple[int, list[MeasuredRate]]] = {}
    scenarios = {_identity(scenario.spec(2)): scenario.name for scenario in chosen_scenarios()}
    for file in sorted(folder.glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            name, size = scenarios.get(_identity(content["spec"])), int(content["spec"]["replications"])
            rates = [rate_from(row) for row in content["rows"]]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if name is not None and size > largest.get(name, (0, []))[0]:
            largest[name] = size, rates
    return [rate for name in scenarios.values() for rate in largest.get(name, (0, []))[1]]


def _identity(spec: Mapping[str, Any]) -> str:
    """A scenario's settings and version, without its replications."""
    return json.dumps({name: value for name, value in spec.items() if name != "replications"}, sort_keys=True)


def chosen_scenarios(only: str = "*") -> list[Scenario]:
    """All scenarios whose name matches, family by family.

    Raises:
        InputError: no name matches.
    """
    families = [registry.load(PACKAGE, name, "family of scenarios") for name in registry.names(PACKAGE)]
    scenarios: list[Scenario] = [scenario for family in families for scenario in family.scenarios()]
    chosen = [scenario for scenario in scenarios if fnmatch(scenario.name, only)]
    if not chosen:
        names = [scenario.name for scenario in scenarios]
        raise InputError(f"no scenario matches {only!r}: {did_you_mean(only, names)}")
    return chosen


def simulate(scenario: Scenario, replications: int) -> list[MeasuredRate]:
    """All replications of one scenario, in one thread."""
    # The random numbers come from the scenario's own key: neither the order of scenarios nor the number of processes
    # changes a byte, and an interrupted run ends as an uninterrupted one. One thread, since threads of the linear
    # algebra would change the order of sums, and so the last digits.
    rng = np.random.default_rng(int(scenario.key(replications), 16))
    with threadpool_limits(1):
        outcomes = [scenario.replicate(rng) for _ in range(scenario.replications(replications))]
    return rates_of(scenario, outcomes)


def _work(folder: Path, scenarios: Sequence[Scenario], replications: int, jobs: int) -> Iterator[str]:
    """Simulate and write; yield each scenario's name once its file exists."""
    if jobs == 1 or len(scenarios) < 2:
        for scenario in scenarios:
            yield _simulate_and_write(folder, scenario, replications)
        return
    pool = ProcessPool(min(jobs, len(scenarios)), context=get_context("spawn"), initializer=_leave_interrupts_alone)
    try:
        futures = [pool.schedule(_simulate_and_write, args=(folder, scenario, replications)) for scenario in scenarios]
        for future in as_completed(futures):
            yield future.result()
    except ProcessExpired as error:
        raise InputError("a process was killed, by the system or by hand: run it again, it resumes.") from error
    finally:
        pool.stop()  # at once: files are renamed into place, so that none is left half written
        pool.join()


def _leave_interrupts_alone() -> None:
    """Ignore Ctrl-C, which reaches every process of a terminal: only the driver answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _simulate_and_write(folder: Path, scenario: Scenario, replications: int) -> str:
    rates = simulate(scenario, replications)
    content = {"spec": scenario.spec(replications), "rows": [rate.as_dict() for rate in rates]}
    path = _path(folder, scenario, replications)
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(f"{folder} cannot be written: {error.strerror}.") from error
    return scenario.name


def _read(folder: Path, scenario: Scenario, replications: int) -> list[MeasuredRate] | None:
    """A scenario's rates, or None if its file is missing or damaged."""
    try:
        content = json.loads(_path(folder, scenario, replications).read_text(encoding="utf-8"))
        return [rate_from(row) for row in content["rows"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(folder: Path, scenario: Scenario, replications: int) -> Path:
    return folder / f"{scenario.key(replications)}.json"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}.") from error
