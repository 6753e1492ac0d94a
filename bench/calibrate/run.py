"""Simulate every scenario once, in processes, and keep each one's rows in a file of its own."""

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
    """Measure every interval's coverage and every test's error rate; what `folder` holds already is kept.

    Each scenario draws its random numbers from its own settings, so that neither order nor `jobs` changes a byte.

    Args:
        folder: a JSON file a scenario.
        replications: samples a scenario; where samples are cheap it takes more.
        jobs: processes; 1 works in this one.
        only: a pattern of scenario names, such as "jackknife/*".
        progress: told each scenario's name when it is done, how many are, and of how many.

    Raises:
        InputError: a pattern that no scenario matches, too few replications, or a folder that cannot be written.
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
    """The rows that are there already, in the scenarios' order; none where nothing was simulated."""
    found = (_read(folder, scenario, replications) for scenario in chosen_scenarios(only))
    return [row for rows in found if rows for row in rows]


def kept(folder: Path) -> list[MeasuredRate]:
    """All rows that a folder holds of today's scenarios, in their order; of each those with the most replications.

    What cannot be read is left out, and so is what another version simulated.
    """
    found: dict[str, tuple[int, list[MeasuredRate]]] = {}
    scenarios = {_identity(scenario.spec(2)): scenario.name for scenario in chosen_scenarios()}
    for file in sorted(folder.glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            name, size = scenarios.get(_identity(content["spec"])), int(content["spec"]["replications"])
            rows = [rate_from(row) for row in content["rows"]]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if name is not None and size > found.get(name, (0, []))[0]:
            found[name] = size, rows
    return [row for name in scenarios.values() for row in found.get(name, (0, []))[1]]


def _identity(spec: Mapping[str, Any]) -> str:
    """A scenario's settings and version, whatever its replications."""
    return json.dumps({name: value for name, value in spec.items() if name != "replications"}, sort_keys=True)


def chosen_scenarios(only: str = "*") -> list[Scenario]:
    """All scenarios whose name matches, family by family.

    Raises:
        InputError: none does.
    """
    families = [registry.load(PACKAGE, name, "family of scenarios") for name in registry.names(PACKAGE)]
    everything: list[Scenario] = [scenario for family in families for scenario in family.scenarios()]
    chosen = [scenario for scenario in everything if fnmatch(scenario.name, only)]
    if not chosen:
        names = [scenario.name for scenario in everything]
        raise InputError(f"no scenario matches {only!r}: {did_you_mean(only, names)}")
    return chosen


def simulate(scenario: Scenario, replications: int) -> list[MeasuredRate]:
    """All replications of one scenario, in one thread."""
    rng = np.random.default_rng(int(scenario.key(replications), 16))
    with threadpool_limits(1):
        outcomes = [scenario.replicate(rng) for _ in range(scenario.replications(replications))]
    return rates_of(scenario, outcomes)


def _work(folder: Path, scenarios: Sequence[Scenario], replications: int, jobs: int) -> Iterator[str]:
    """Simulate and write; yields each scenario's name when its file is there."""
    if jobs == 1 or len(scenarios) < 2:
        for scenario in scenarios:
            yield _simulate_and_write(folder, scenario, replications)
        return
    pool = ProcessPool(min(jobs, len(scenarios)), context=get_context("spawn"), initializer=_leave_interrupts_alone)
    try:
        futures = [pool.schedule(_simulate_and_write, args=(folder, each, replications)) for each in scenarios]
        for future in as_completed(futures):
            yield future.result()
    except ProcessExpired as error:
        raise InputError("a process was killed, by the system or by hand: run it again, it resumes.") from error
    finally:
        pool.stop()  # files are renamed into place, so that a scenario is there whole or not at all
        pool.join()


def _leave_interrupts_alone() -> None:
    """Ctrl-C reaches every process of a terminal: only the driver answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _simulate_and_write(folder: Path, scenario: Scenario, replications: int) -> str:
    rows = simulate(scenario, replications)
    content = {"spec": scenario.spec(replications), "rows": [row.as_dict() for row in rows]}
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
    """A scenario's rows, or None where there are none that can be read."""
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
