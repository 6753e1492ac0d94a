"""What compressing took, and what running a packed network takes where that was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Any

from bench.analysis.study import Study, judgement
from bench.deploy.engine import titles
from bench.folders import Damaged

ENGINES = titles()
FIGURES = ("median_ms", "lower_quartile_ms", "upper_quartile_ms", "peak_memory_bytes", "network_memory_bytes")
BUSY = 0.3  # cores that other programs kept busy; a system's own chores take less


@dataclass(frozen=True)
class Measured:
    """What an engine took for one image.

    Attributes:
        median_ms, lower_quartile_ms, upper_quartile_ms: of one pass; the median over the seeds that were measured.
        peak_memory_bytes: most that the process held while the network ran; network_memory_bytes: what of that came
            with the network; the largest over seeds.
        reason: why there are none; empty if there are.
        seeds: number of seeds that were measured.
    """

    median_ms: float = float("nan")
    lower_quartile_ms: float = float("nan")
    upper_quartile_ms: float = float("nan")
    peak_memory_bytes: float = float("nan")
    network_memory_bytes: float = float("nan")
    reason: str = ""
    seeds: int = 0


@dataclass(frozen=True)
class NetworkCost:
    """One network under one method.

    Attributes:
        seconds: that its cell took, median over seeds; NaN if that is not recorded.
        engines: by engine that was asked.
    """

    seconds: float
    engines: Mapping[str, Measured]


@dataclass(frozen=True)
class Costs:
    """Every network's cost, and what the figures have in common.

    Attributes:
        networks: by model and variant.
        engines: that measured any of them, in the order of `ENGINES`.
        threads, processors, versions: that figures were measured with, sorted; versions as "PyTorch 2.14.1".
        passes: fewest and most timed passes behind a median.
        missing: number of networks that are packed and that no engine was asked about.
        others: the most cores that other programs kept busy during a timing; 0 if it is not recorded.
        damaged: number of cells whose measurements are not what was written.
    """

    networks: Mapping[tuple[str, str], NetworkCost]
    engines: tuple[str, ...]
    threads: tuple[int, ...]
    processors: tuple[str, ...]
    versions: tuple[str, ...]
    passes: tuple[int, int]
    missing: int
    others: float
    damaged: int

    @property
    def busy(self) -> bool:
        """Whether other programs kept cores busy while networks were timed."""
        return self.others > BUSY

    @property
    def comparable(self) -> bool:
        """Whether all figures are of one machine, one number of threads, and one version of each engine."""
        return len(self.threads) <= 1 and len(self.processors) <= 1 and len(self.versions) <= len(self.engines)


@judgement
def costs(study: Study) -> Costs:
    """What every network of a study cost and costs."""
    results: list[tuple[str, str, str, Mapping[str, Any]]] = []  # model, variant, engine, what it answered
    damaged = 0
    for cell in study.results.compressed.to_dict("records"):
        try:
            answers = study.results.store.measurements(cell["key"])
        except Damaged:
            damaged += 1
            continue
        for engine in ENGINES:
            answer = answers.get(engine)
            if isinstance(answer, dict) and (_is_measured(answer) or isinstance(answer.get("reason"), str)):
                results.append((cell["model"], cell["variant"], engine, answer))
    seconds = dict(_seconds(study))
    networks = {}
    packed = study.results.compressed
    for model in study.models:
        for variant in (planned.label for planned in study.plan.variants):
            own = {
                engine: [answer for *network, name, answer in results if (*network, name) == (model, variant, engine)]
                for engine in ENGINES
            }
            engines = {engine: _summed_up(answers) for engine, answers in own.items() if answers}
            networks[model, variant] = NetworkCost(seconds.get((model, variant), float("nan")), engines)
    there = set(zip(packed["model"], packed["variant"])) if len(packed) else set()
    timed = [answer for *_, answer in results if _is_measured(answer)]
    passes = [int(answer.get("passes", 0)) for answer in timed] or [0]
    return Costs(
        networks=networks,
        engines=tuple(engine for engine in ENGINES if any(name == engine for *_, name, _ in results)),
        threads=tuple(sorted({int(answer.get("threads", 0)) for answer in timed})),
        processors=tuple(sorted({str(answer.get("processor", "")) for answer in timed})),
        versions=tuple(sorted({f"{ENGINES[name]} {answer.get('version')}" for *_, name, answer in results
                               if _is_measured(answer)})),
        passes=(min(passes), max(passes)),
        missing=sum(1 for network in there if not networks[network].engines),
        others=max((float(answer.get("other_cores") or 0) for answer in timed), default=0.0),
        damaged=damaged,
    )  # fmt: skip


def _is_measured(answer: Mapping[str, Any]) -> bool:
    values = [answer.get(name) for name in FIGURES]
    return all(isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) for value in values)


def _summed_up(answers: list[Mapping[str, Any]]) -> Measured:
    timed = [answer for answer in answers if _is_measured(answer)]
    if not timed:
        return Measured(reason=str(answers[0]["reason"]))
    latencies = {name: median(answer[name] for answer in timed) for name in FIGURES[:3]}
    memory = {name: max(answer[name] for answer in timed) for name in FIGURES[3:]}
    return Measured(**latencies, **memory, seeds=len(timed))


def _seconds(study: Study) -> Iterator[tuple[tuple[str, str], float]]:
    """Wall time of the finished cells of every network and method: the median over seeds, since a machine may stall."""
    provenance = study.results.provenance
    if "wall_seconds" not in provenance:
        return
    wall = dict(zip(provenance["name"], provenance["wall_seconds"], strict=True))
    cells = study.results.cells
    done = cells[(cells["kind"] == "compress") & (cells["state"] == "done")]
    for (model, variant), group in done.groupby(["model", "variant"], sort=False):
        times = [float(wall[name]) for name in group["name"] if isfinite(float(wall.get(name, float("nan"))))]
        if times:
            yield (str(model), str(variant)), median(times)
