"""What compressing took, and what running a network takes where that was measured."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.running import ENGINES, Costs, NetworkCost, costs
from bench.analysis.study import Study
from bench.render.kit.prose import counted, listed
from bench.render.kit.rows import NAMES, Network, apart_from_another_seed, networks
from bench.render.kit.table import Column, Datum, Table, tabulate

NOT_MEASURED = "not measured"


@dataclass(frozen=True, kw_only=True)
class Costing(Network):
    """A network with what it cost and costs."""

    cost: NetworkCost

    def datum(self, engine: str, value: str, scale: float) -> Datum:
        """One figure of an engine; the reason where it has none."""
        measured = self.cost.engines.get(engine)
        if measured is None:
            return Datum(hole=self.hole or NOT_MEASURED)
        if measured.reason:
            return Datum(hole="failed", note=measured.reason)
        if value == "median_ms":
            return Datum(measured.median_ms, measured.lower_quartile_ms, measured.upper_quartile_ms)
        return Datum(getattr(measured, value) * scale)


COMPRESSING: Column[Costing] = Column(
    "compressing", "Compressing", "number",
    "Wall time of the cell that compressed, median over seeds: compressing with all training, packing, reading back, "
    "predictions.",
    lambda run: run.cost.seconds, "s", 1,
)  # fmt: skip


MAPS: Column[Costing] = Column(
    "feature_maps", "Peak feature maps", "number",
    "The most that feature maps take while one image passes (graph liveness), all at the bits of the layers' inputs, "
    "mean over seeds.",
    lambda run: run.mean("peak_activation_bytes").value, "kB", 1, scale=1e-3,
)  # fmt: skip


def _columns(engines: Sequence[str]) -> Iterator[Column[Costing]]:
    """Latency in each engine, then memory: what a reader compares stands side by side."""
    for engine in engines:
        yield Column(
            f"{_key(engine)}_latency", ENGINES[engine], "estimate",
            f"One image in {ENGINES[engine]}: the median pass, and its quartiles.",
            _of(engine, "median_ms", 1.0), "ms", 3, ends=True, low="Lower quartile.", high="Upper quartile.",
        )  # fmt: skip
    for engine in engines:
        yield Column(
            f"{_key(engine)}_memory", f"{ENGINES[engine]}, peak", "number",
            f"Most resident memory of the process while the network ran in {ENGINES[engine]}, with the engine itself.",
            _of(engine, "peak_memory_bytes", 1e-6), "MB", 0,
        )  # fmt: skip
    for engine in engines:
        yield Column(
            f"{_key(engine)}_network_memory", f"{ENGINES[engine]}, network", "number",
            f"What of that came with the network: the peak less what the process held before {ENGINES[engine]} read "
            "it.", _of(engine, "network_memory_bytes", 1e-6), "MB", 1, spare=True,
        )  # fmt: skip


def _key(engine: str) -> str:
    return engine.replace("-", "_")


def _of(engine: str, value: str, scale: float) -> Callable[[Costing], Datum]:
    return lambda run: run.datum(engine, value, scale)


def build(study: Study) -> Table | None:
    """One row per network and method."""
    measured = costs(study)
    subjects = {
        name: [
            Costing(net.source, net.model, net.variant, net.hole, cost=measured.networks[net.model, net.label])
            for net in members
        ]
        for name, members in networks(study, apart_from_another_seed(study)).items()
    }
    return tabulate(
        "cost",
        "Cost",
        _measured(measured, study),
        (*NAMES, COMPRESSING, MAPS, *_columns(measured.engines)),
        subjects,
        notes=tuple(_notes(measured)),
        details=_running(measured),
    )


def _measured(measured: Costs, study: Study) -> str:
    """What stands in the table, and what was not measured."""
    text = f"What compressing takes once, the median of {counted(study.seeds, 'seed')}, and what running takes."
    command = f"python -m bench measure --profile {shlex.quote(study.plan.name)}"
    if not measured.engines:
        return f"{text} Latency and memory were not measured: {command} measures them."
    if measured.missing:
        rows = f"{counted(measured.missing, 'row')} {'was' if measured.missing == 1 else 'were'}"
        return f"{text} {rows} not measured: {command} measures what is missing."
    return text


def _running(measured: Costs) -> str:
    """How latency and memory were measured; empty if they were not."""
    if not measured.engines:
        return ""
    fewest, most = measured.passes
    passes = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    threads = listed([counted(count, "thread") for count in measured.threads])
    return (
        f"Latency and memory of one image at a time, each network in a process of its own with {threads}, after a "
        f"warm-up. Latency: the median of {passes} passes and its quartiles. Memory: the peak of resident memory. "
        f"Engines: {listed(list(measured.versions))}, on {listed(list(measured.processors))}. "
        "Quantised networks compute in integers in ONNX Runtime and OpenVINO alone; zero weights save no time there."
    )


def _notes(measured: Costs) -> Iterator[str]:
    if not measured.comparable:
        yield "Figures of several machines, numbers of threads or versions stand side by side: they don't compare."
    if measured.busy:
        yield f"Other programs kept up to {measured.others:.1f} cores busy while networks were timed."
    if measured.damaged:
        yield f"The measurements of {counted(measured.damaged, 'cell')} are damaged; --again measures them."
