"""What a sweep has found, one line of JSON per pair, kept so that an interrupted one resumes."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.compress.variant import parse
from bench.runner.provenance import machine
from bench.sweep.bounded import Bounds, attempt
from bench.sweep.pairs import model

NAME = "pairs.jsonl"


@dataclass(frozen=True)
class PairOutcome:
    """What became of a network under a method.

    Attributes:
        spec: all that determines the result besides the network, as in a cell's key.
        size: of the image, pixels.
        state: works, refused or fault.
        reason: the sentence of a refusal, the traceback of a fault.
        seconds: of processor time, from building the network to its packed file; None if it ended before.
        peak_bytes: of resident memory, from start to end.
        limits: seconds and bytes that it was allowed.
        worked: when, and on which machine.
    """

    network: str
    method: str
    spec: str
    size: int
    state: str
    limits: tuple[int, int]
    worked: dict[str, Any]
    reason: str = ""
    parameters: int | None = None
    file_bytes: int | None = None
    seconds: float | None = None
    peak_bytes: int | None = None

    @property
    def place(self) -> tuple[str, str, int]:
        """Which pair it is."""
        return self.network, self.method, self.size

    def sentence(self) -> str:
        """The state with its figures or its reason."""
        if self.state != "works":
            return f"{self.state} because {self.reason}"
        return f"works: {self.file_bytes:,} B, {self.seconds:.1f} s, {(self.peak_bytes or 0) / 2**20:.0f} MiB"


def known(folder: Path, network: str, method: str, size: int, bounds: Bounds) -> PairOutcome | None:
    """What is recorded of a pair; None if nothing is, or it was a fault, or other settings or less room were tried."""
    outcome = {one.place: one for one in everything(folder)}.get((network, method, size))
    if outcome is None or outcome.state == "fault" or outcome.spec != _spec(method):
        return None
    more = bounds.seconds > outcome.limits[0] or bounds.memory > outcome.limits[1]
    return None if outcome.state == "refused" and outcome.file_bytes is None and more else outcome


def work(folder: Path, network: str, method: str, size: int, bounds: Bounds) -> PairOutcome:
    """Try a pair and record what becomes of it."""
    answer = attempt(network, method, size, bounds)
    prefix = f"{method} does not work on {model(network)}: "
    answer["reason"] = answer.get("reason", "").removeprefix(prefix)
    limits = (bounds.seconds, bounds.memory)
    outcome = PairOutcome(network, method, _spec(method), size, limits=limits, worked=worked_now(), **answer)
    append(folder / NAME, asdict(outcome))
    return outcome


def worked_now() -> dict[str, Any]:
    """When it is, and what machine this is."""
    about = machine()
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"at": now, **{name: about[name] for name in ("processor", "cores", "versions")}}


def append(file: Path, outcome: dict[str, Any]) -> None:
    """Write a line of JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(outcome) + "\n")


def everything(folder: Path) -> list[PairOutcome]:
    """The latest finding on every pair, in the order in which they were first tried."""
    file = folder / NAME
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    latest = {outcome.place: outcome for outcome in _parsed(lines)}
    return list(latest.values())


def _parsed(lines: Iterable[str]) -> Iterable[PairOutcome]:
    for line in lines:
        try:
            outcome = PairOutcome(**json.loads(line))
        except (ValueError, TypeError):  # the line that was being written when the machine went down
            continue
        yield replace(outcome, limits=(outcome.limits[0], outcome.limits[1]))


def _spec(method: str) -> str:
    return json.dumps(parse(method).spec(), sort_keys=True)
