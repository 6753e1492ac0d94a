"""Simulate every scenario once, in parallel processes, and keep its rates in one file per scenario.

Scenarios that take long are done in parts, which are kept until the last is there.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from bench import registry
from bench.calibrate import parts
from bench.calibrate.rates import MeasuredRate, rate_from, rates_of
from bench.calibrate.scenario import Scenario
from bench.errors import InputError, did_you_mean

PACKAGE = "bench.calibrate.scenarios"
Progress = Callable[[str, int, int], None]
REPLICATIONS = {"quick": 40, "default": 500, "full": 3334}  # of the usual scenario, by the size of a run


@dataclass(frozen=True)
class Finished:
    """A run of all scenarios of its size.

    Attributes:
        size: "quick", "default" or "full".
        date: of its end, such as "2025-03-01".
    """

    size: str
    date: str


def calibrate(
    folder: Path,
    *,
    replications: int = 500,
    jobs: int = 1,
    only: str = "*",
    thorough: bool = True,
    progress: Progress | None = None,
) -> list[MeasuredRate]:
    """Measure every interval's coverage and every test's error rate; scenarios in `folder` are not simulated again.

    Args:
        folder: one JSON file per scenario.
        replications: samples per scenario; a scenario whose samples are cheap takes more.
        jobs: processes; with 1, this process does the work.
        only: a pattern of scenario names, such as "jackknife/*".
        thorough: also the scenarios that take a night.
        progress: called after each scenario with its name, the number done, and the number of all.

    Raises:
        InputError: no scenario matches the pattern, there are too few replications, or the folder cannot be written.
    """
    if replications < 2:
        raise InputError(f"replications: expected 2 or more, not {replications}.")
    chosen = chosen_scenarios(only, thorough=thorough)
    missing = [scenario for scenario in chosen if _read(folder, scenario, replications) is None]
    _make(folder)
    done = len(chosen) - len(missing)
    for name in _work(folder, missing, replications, jobs):
        done += 1
        if progress:
            progress(name, done, len(chosen))
    return load(folder, replications=replications, only=only, thorough=thorough)


def load(folder: Path, *, replications: int = 500, only: str = "*", thorough: bool = True) -> list[MeasuredRate]:
    """The rates in a folder, in the scenarios' order; empty if nothing was simulated."""
    stored = (_read(folder, scenario, replications) for scenario in chosen_scenarios(only, thorough=thorough))
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


def note(folder: Path, size: str) -> None:
    """Keep that all scenarios of a size were simulated, and when; a larger run is not forgotten for a smaller one."""
    earlier = finished(folder)
    if earlier is None or REPLICATIONS.get(earlier.size, 0) <= REPLICATIONS[size]:
        today = datetime.now(tz=UTC).date().isoformat()
        parts.write(folder / "finished.json", {"size": size, "date": today})


def finished(folder: Path) -> Finished | None:
    """What `note` kept; None if there is nothing readable."""
    try:
        content = json.loads((folder / "finished.json").read_text(encoding="utf-8"))
        return Finished(str(content["size"]), str(content["date"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _identity(spec: Mapping[str, Any]) -> str:
    """A scenario's settings and version, without its replications."""
    return json.dumps({name: value for name, value in spec.items() if name != "replications"}, sort_keys=True)


def chosen_scenarios(only: str = "*", *, thorough: bool = True) -> list[Scenario]:
    """All scenarios whose name matches, family by family; on request without those that take a night.

    Raises:
        InputError: no name matches.
    """
    families = [registry.load(PACKAGE, name, "family of scenarios") for name in registry.names(PACKAGE)]
    scenarios: list[Scenario] = [scenario for family in families for scenario in family.scenarios()]
    scenarios = [scenario for scenario in scenarios if thorough or not scenario.thorough]
    chosen = [scenario for scenario in scenarios if fnmatch(scenario.name, only)]
    if not chosen:
        names = [scenario.name for scenario in scenarios]
        raise InputError(f"no scenario matches {only!r}: {did_you_mean(only, names)}")
    return chosen


def simulate(scenario: Scenario, replications: int) -> list[MeasuredRate]:
    """All replications of one scenario, in one thread."""
    every = range(len(parts.sizes(scenario, replications)))
    return rates_of(scenario, [outcomes for part in every for outcomes in parts.draw(scenario, replications, part)])


def _work(folder: Path, scenarios: Sequence[Scenario], replications: int, jobs: int) -> Iterator[str]:
    """Simulate and write; yield each scenario's name once its file exists."""
    # Work is dealt out part by part: a scenario of hours would otherwise keep one process busy while others wait, and
    # lose all if it is stopped. This process puts a scenario's parts together once it has heard of all of them.
    todo = [(scenario, part) for scenario in scenarios for part in range(len(parts.sizes(scenario, replications)))]
    missing = Counter(scenario.name for scenario, _ in todo)
    for scenario in _done(folder, todo, replications, jobs):
        missing[scenario.name] -= 1
        if not missing[scenario.name]:
            if scenario.part:
                _gather(folder, scenario, replications)
            yield scenario.name


def _done(folder: Path, todo: Sequence[tuple[Scenario, int]], replications: int, jobs: int) -> Iterator[Scenario]:
    """Do all parts; yield the scenario of each as it is done."""
    if jobs == 1 or len(todo) < 2:
        for scenario, part in todo:
            _simulate_and_write(folder, scenario, replications, part)
            yield scenario
        return
    pool = ProcessPool(min(jobs, len(todo)), context=get_context("spawn"), initializer=_leave_interrupts_alone)
    try:
        futures: dict[Future[None], Scenario] = {
            pool.schedule(_simulate_and_write, args=(folder, scenario, replications, part)): scenario
            for scenario, part in todo
        }
        for future in as_completed(futures):
            future.result()
            yield futures[future]
    except ProcessExpired as error:
        raise InputError("a process was killed, by the system or by hand: run it again, it resumes.") from error
    finally:
        pool.stop()  # at once: files are renamed into place, so that none is left half written
        pool.join()


def _leave_interrupts_alone() -> None:
    """Ignore Ctrl-C, which reaches every process of a terminal: only the driver answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _simulate_and_write(folder: Path, scenario: Scenario, replications: int, part: int) -> None:
    """Do one part of a scenario that has parts, or else all of it."""
    if scenario.part:
        parts.keep(folder, scenario, replications, part)
    else:
        _write(folder, scenario, replications, simulate(scenario, replications))


def _gather(folder: Path, scenario: Scenario, replications: int) -> None:
    """Write the rates of a scenario whose parts are all there, and remove the parts."""
    outcomes = parts.gathered(folder, scenario, replications)
    if outcomes is None:
        raise InputError(f"{folder}: a part of {scenario.name} has gone; run it again, it resumes.")
    _write(folder, scenario, replications, rates_of(scenario, outcomes))
    parts.discard(folder, scenario, replications)


def _write(folder: Path, scenario: Scenario, replications: int, rates: Sequence[MeasuredRate]) -> None:
    content = {"spec": scenario.spec(replications), "rows": [rate.as_dict() for rate in rates]}
    parts.write(_path(folder, scenario, replications), content)


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
