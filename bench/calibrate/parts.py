"""Long scenarios in parts: each is simulated and kept by itself, so that a run that was killed goes on where it was."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bench.calibrate.scenario import Averaged, Counted, Covers, Outcome, Outcomes, Rejects, Scenario
from bench.errors import InputError

KINDS: dict[str, type[Outcome]] = {kind.__name__: kind for kind in (Covers, Rejects, Counted, Averaged)}


def sizes(scenario: Scenario, replications: int) -> list[int]:
    """Replications of each part."""
    number = scenario.replications(replications)
    size = scenario.part or number
    return [min(size, number - start) for start in range(0, number, size)]


def draw(scenario: Scenario, replications: int, part: int) -> list[Outcomes]:
    """The outcomes of one part, in one thread."""
    # The random numbers come from the scenario's own key and the part's number: neither the order nor the number of
    # processes changes a byte, and an interrupted run ends as an uninterrupted one. One thread, since threads of the
    # linear algebra would change the order of sums, and so the last digits.
    key = int(scenario.key(replications), 16)
    rng = np.random.default_rng([key, part] if scenario.part else key)
    with threadpool_limits(1):
        return [scenario.replicate(rng) for _ in range(sizes(scenario, replications)[part])]


def keep(folder: Path, scenario: Scenario, replications: int, part: int) -> None:
    """Simulate a part and write its outcomes, unless they are there.

    Raises:
        InputError: the folder cannot be written.
    """
    if read(folder, scenario, replications, part) is None:
        outcomes = draw(scenario, replications, part)
        write(_path(folder, scenario, replications, part), [_as_list(outcome) for outcome in outcomes])


def read(folder: Path, scenario: Scenario, replications: int, part: int) -> list[Outcomes] | None:
    """A part's outcomes, or None if its file is missing or damaged."""
    try:
        content = json.loads(_path(folder, scenario, replications, part).read_text(encoding="utf-8"))
        outcomes = [{what: _outcome(kind, fields) for what, kind, fields in outcome} for outcome in content]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return outcomes if len(outcomes) == sizes(scenario, replications)[part] else None


def gathered(folder: Path, scenario: Scenario, replications: int) -> list[Outcomes] | None:
    """The outcomes of all parts in their order; None while one is missing."""
    parts = [read(folder, scenario, replications, part) for part in range(len(sizes(scenario, replications)))]
    complete = [outcomes for outcomes in parts if outcomes is not None]
    return [outcome for outcomes in complete for outcome in outcomes] if len(complete) == len(parts) else None


def discard(folder: Path, scenario: Scenario, replications: int) -> None:
    """Remove the parts of a scenario whose rates are kept."""
    for part in range(len(sizes(scenario, replications))):
        _path(folder, scenario, replications, part).unlink(missing_ok=True)


def write(path: Path, content: Any) -> None:
    """Put JSON in its place in one step.

    Raises:
        InputError: the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(f"{path.parent} cannot be written: {error.strerror}.") from error


def _path(folder: Path, scenario: Scenario, replications: int, part: int) -> Path:
    return folder / f"{scenario.key(replications)}.{part}.part"


# A list, since the order of outcomes is that of the table's rows. JSON has no NaN, which stands for a truth or a bound
# that is not there: it is kept as null.
def _as_list(outcomes: Outcomes) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (what, type(outcome).__name__, {name: _plain(value) for name, value in asdict(outcome).items()})
        for what, outcome in outcomes.items()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def _outcome(kind: str, fields: dict[str, Any]) -> Outcome:
    values: dict[str, Any] = {name: float("nan") if value is None else value for name, value in fields.items()}
    return KINDS[kind](**values)
