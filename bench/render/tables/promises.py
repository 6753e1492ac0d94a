"""What the report promises, and what was measured where `python -m bench calibrate` knew the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import methodcaller

from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.calibrate.beside import simulated
from bench.calibrate.rates import RATE, MeasuredRate
from bench.render.kit.table import Column, Datum, Table, tabulate

SEEDS = (3, 6, 12)


@dataclass(frozen=True)
class Promised:
    """One promise in one situation, at several numbers of seeds.

    Attributes:
        measured: the rates by the number of seeds.
    """

    what: str
    measured: dict[int, MeasuredRate]

    @property
    def promise(self) -> str:
        """The bounds, e.g. "at most 5%"; those of the most seeds where they differ."""
        return bounds(self.measured[max(self.measured)])

    @property
    def missed(self) -> str:
        """At how many seeds it is missed."""
        seeds = [str(count) for count, rate in self.measured.items() if not rate.within]
        if seeds:
            return f"missed at S = {', '.join(seeds)}"
        statuses = {rate.status for rate in self.measured.values()}
        return "kept" if "kept" in statuses else sorted(statuses)[0]

    def at(self, seeds: int) -> Datum:
        """What was measured, with the simulation's own interval."""
        rate = self.measured.get(seeds)
        if rate is None or rate.status == "undefined":
            return Datum("")
        return Datum(_measured(rate), note="" if rate.within else f"Missed: promised is {bounds(rate)}.")


COLUMNS: tuple[Column[Promised], ...] = (
    Column("what", "Word, interval or recommendation", "text", "What the report says.", lambda row: row.what),
    Column("promise", "Promised", "text", "Bounds of the rate or mean.", lambda row: row.promise),
    *(
        Column(f"seeds_{seeds}", f"S = {seeds}", "text", f"Measured at {seeds} seeds [the simulation's 95% interval].",
               methodcaller("at", seeds))
        for seeds in SEEDS
    ),
    Column("status", "Kept", "text", "Missed where the simulation's interval excludes what was promised.",
           lambda row: row.missed),
)  # fmt: skip


def build(study: Study) -> list[Table]:
    """One table, in groups of one situation each; empty if no promise was simulated."""
    rates = [rate for rate in simulated(study) if rate.kind == "promise"]
    groups: dict[str, dict[str, dict[int, MeasuredRate]]] = {}
    for rate in rates:
        groups.setdefault(rate.population, {}).setdefault(rate.what, {})[rate.seeds] = rate
    table = tabulate(
        "promises",
        "What this report promises, and what was measured",
        _caption(rates),
        COLUMNS,
        {title: [Promised(*row) for row in rows.items()] for title, rows in groups.items()},
        details="They went through the same analysis as this report. Intervals are of the simulation itself, 95%: "
        "Clopper-Pearson's, t for means. Missed: the interval excludes the promise. By chance this happens in up to 5% "
        "of rows that are exactly at it. A row without a promise describes.",
    )
    return [table] if table else []


def _caption(rates: Sequence[MeasuredRate]) -> str:
    draws = sorted({rate.replications for rate in rates})
    span = " to ".join(f"{draw:,}" for draw in dict.fromkeys((draws[0], draws[-1]))) if draws else ""
    sizes = f", {span} draws per row and S" if draws else ""
    return f"How often invented studies of known truth kept a promise of this report, in %. S: seeds{sizes}."


def bounds(rate: MeasuredRate) -> str:
    """What is promised of a rate or mean, e.g. "at most 5%", "92 to 98.5%", "±0.05 points"; a dash if nothing is."""
    if rate.lowest is None or rate.highest is None:
        return "–"
    if rate.unit != RATE:
        return f"±{rate.highest:g} {rate.unit}"
    low, high = (f"{100 * bound:.3g}" for bound in (rate.lowest, rate.highest))
    if rate.lowest == rate.highest:
        return f"{low}%"
    if rate.lowest == 0:
        return f"at most {high}%"
    return f"at least {low}%" if rate.highest == 1 else f"{low} to {high}%"


def _measured(rate: MeasuredRate) -> str:
    numbers = (rate.measured, rate.low, rate.high)
    if rate.unit != RATE:
        value, low, high = (decimal(number, 2, signed=True) for number in numbers)
    else:
        value, low, high = (_percent(number) for number in numbers)
    return f"{value} [{low}, {high}]"


def _percent(share: float) -> str:
    """In percent, without a sign and with three digits: levels go down to 0.05/88, which is 0.057%."""
    return f"{100 * share:.3g}" if share >= 1e-5 else "0"
