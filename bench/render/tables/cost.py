"""What compressing took, and what running a network takes where that was measured."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from bench.analysis.running import ENGINES, Costs, NetworkCost, costs
from bench.analysis.study import Study
from bench.render.kit.prose import counted, listed
from bench.render.kit.rows import NAMES, Network, networks
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
    "Wall time of the cell that compressed, mean over seeds: compressing with all training, packing, reading back, "
    "predictions.",
    lambda run: run.cost.seconds, "s", 1,
)  # fmt: skip


def _columns(engine: str) -> Iterator[Column[Costing]]:
    title, key = ENGINES[engine], engine.replace("-", "_")
    yield Column(
        f"{key}_latency", title, "estimate", f"One image in {title}: the median pass, and its quartiles.",
        lambda run: run.datum(engine, "median_ms", 1.0), "ms", 3, ends=True,
    )  # fmt: skip
    yield Column(
        f"{key}_memory", f"{title}, peak", "number",
        f"Most resident memory of the process while the network ran in {title}, with the engine itself.",
        lambda run: run.datum(engine, "peak_memory_bytes", 1e-6), "MB", 0,
    )  # fmt: skip
    yield Column(
        f"{key}_network_memory", f"{title}, network", "number",
        f"What of that came with the network: the peak less what the process held before {title} read it.",
        lambda run: run.datum(engine, "network_memory_bytes", 1e-6), "MB", 1,
    )  # fmt: skip


def build(study: Study) -> Table | None:
    """One row per network and method."""
    measured = costs(study)
    engines = [column for engine in measured.engines for column in _columns(engine)]
    subjects = {
        model: [
            Costing(net.source, net.model, net.variant, net.hole, cost=measured.networks[net.model, net.label])
            for net in members
        ]
        for model, members in networks(study).items()
    }
    return tabulate(
        "cost",
        "Cost",
        f"Time that compressing took, on average over {counted(study.seeds, 'seed')}. {_running(measured, study)}",
        (*NAMES, COMPRESSING, *engines),
        subjects,
        notes=tuple(_notes(measured)),
    )


def _running(measured: Costs, study: Study) -> str:
    """How latency and memory were measured, or that they were not."""
    command = f"python -m bench measure --profile {shlex.quote(study.plan.name)}"
    if not measured.engines:
        return f"Latency and memory were not measured: {command} measures them."
    fewest, most = measured.passes
    passes = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    threads = listed([counted(count, "thread") for count in measured.threads])
    sentences = [
        f"Latency and memory of one image at a time, each network in a process of its own with {threads}, after a "
        f"warm-up: the median of {passes} passes and its quartiles, and the peak of resident memory, in "
        f"{listed(list(measured.versions))} on {listed(list(measured.processors))}.",
        "Quantised networks compute in integers in ONNX Runtime and OpenVINO alone; zero weights save no time there.",
    ]
    if measured.missing:
        rows = f"{counted(measured.missing, 'row')} {'was' if measured.missing == 1 else 'were'}"
        sentences.append(f"{rows} not measured: {command} measures what is missing.")
    return " ".join(sentences)


def _notes(measured: Costs) -> Iterator[str]:
    if not measured.comparable:
        yield "Figures of several machines, numbers of threads or versions stand side by side: they don't compare."
    if measured.busy:
        yield f"Other programs kept up to {measured.others:.1f} cores busy while networks were timed."
    if measured.damaged:
        yield f"The measurements of {counted(measured.damaged, 'cell')} are damaged; --again measures them."
