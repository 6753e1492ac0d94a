"""What has been measured of thinned networks, one line of JSON per network, so that an interrupted sweep resumes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.sweep.bounded import Bounds, attempt
from bench.sweep.record import append, worked_now
from bench.sweep.thinning.equality import VERSION

NAME = "thinning.jsonl"
BY = "bench.sweep.thinning.equality"


@dataclass(frozen=True)
class ThinningOutcome:
    """What became of a network without a share of every group's channels; see `bench.sweep.thinning.equality`.

    Attributes:
        share: of channels to take out.
        size: of the images, pixels.
        state: works, refused or fault.
        worked: when, and on which machine.
        limits: seconds and bytes that it was allowed.
        reason: the sentence of a refusal, or what is wrong.
        version: of the code that takes channels out.
    """

    network: str
    share: float
    size: int
    state: str
    worked: dict[str, Any]
    limits: tuple[int, int]
    reason: str = ""
    parameters: int | None = None
    keeps: float | None = None
    groups: int | None = None
    difference: float | None = None
    control: float | None = None
    dtype: str | None = None
    seconds: float | None = None
    peak_bytes: int | None = None
    version: int = 1

    def sentence(self) -> str:
        """The state with its figures or its reason."""
        if self.state != "works":
            return f"{self.state} because {self.reason}"
        return f"works: keeps {self.keeps:.1%}, equal to {self.difference:.1g}, control {self.control:.1g}"


def known(folder: Path, network: str, share: float, size: int, bounds: Bounds) -> ThinningOutcome | None:
    """What is recorded of a network; None if nothing is, it was a fault or another version's, or there is more room."""
    outcome = {one.network: one for one in everything(folder) if (one.share, one.size) == (share, size)}.get(network)
    if outcome is None or outcome.state == "fault" or outcome.version != VERSION:
        return None
    more = bounds.seconds > outcome.limits[0] or bounds.memory > outcome.limits[1]
    return None if outcome.state == "refused" and more else outcome


def work(folder: Path, network: str, share: float, size: int, bounds: Bounds) -> ThinningOutcome:
    """Try a network in a process of its own and record what becomes of it."""
    answer = attempt(network, str(share), size, bounds, BY)
    limits = (bounds.seconds, bounds.memory)
    outcome = ThinningOutcome(network, share, size, worked=worked_now(), limits=limits, version=VERSION, **answer)
    append(folder / NAME, asdict(outcome))
    return outcome


def everything(folder: Path) -> list[ThinningOutcome]:
    """The latest outcome of every network, share and size, in the order in which they were first tried."""
    file = folder / NAME
    latest = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else []:
        try:
            outcome = ThinningOutcome(**json.loads(line))
        except (ValueError, TypeError):  # the line that was being written when the machine went down
            continue
        latest[outcome.network, outcome.share, outcome.size] = outcome
    return list(latest.values())
