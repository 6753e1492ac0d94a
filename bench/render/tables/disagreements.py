"""Where the measures disagree: networks that one measure calls the same and another does not."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.inside import CROSS_PROBE
from bench.analysis.networks import title_of
from bench.analysis.sameness import InsideClaim, MeasureClaim, inside_claims
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.names import short
from bench.render.kit.prose import listed
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import DASH, Column, Datum, Table, tabulate
from bench.render.text import captions
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME

APART = 3.0  # times as far by one measure as by another


@dataclass(frozen=True, kw_only=True)
class Disputed(Network):
    """A network whose measures disagree."""

    claim: InsideClaim

    def saying(self, word: str) -> Datum | str:
        """The measures that say so."""
        names = [short(one.title) for one in self.claim.measures.values() if one.word == word]
        return listed(names, most=8) if names else Datum(hole=DASH)

    def at(self, index: int) -> Datum | str:
        """The measure that puts it nearest (0) or farthest (-1), with its distance."""
        ordered = _ordered(self.claim)
        if not ordered:
            return Datum(hole=DASH)
        return f"{short(ordered[index].title)} {decimal(ordered[index].distance.value, 2)}"


COLUMNS: tuple[Column[Disputed], ...] = (
    *NAMES,
    Column("same", "Same", "text", "Measures that say same.", lambda net: net.saying(SAME)),
    Column("changed", "Changed", "text", "Measures that say changed.", lambda net: net.saying(CHANGED)),
    Column("cant_tell", "Can't tell", "text", "Measures that can't tell.", lambda net: net.saying(CANT_TELL)),
    Column("nearest", "Nearest", "text", "The measure that puts it nearest, in seed-equivalents.",
           lambda net: net.at(0), "seed-eq."),
    Column("farthest", "Farthest", "text", "The measure that puts it farthest, in seed-equivalents.",
           lambda net: net.at(-1), "seed-eq."),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: the most disputed first; None if all measures agree everywhere."""
    disputed = [claim for claim in inside_claims(study).values() if _disagree(claim)]
    disputed.sort(key=lambda claim: (-_apart(claim), claim.variant))
    return tabulate(
        "disagreements",
        "Where the measures disagree",
        "Methods on which measures disagree: one says same and another changed, or one puts them "
        f"{APART:g} times as far from the original as another, beyond the margin.",
        COLUMNS,
        {
            title_of(study, model): [
                Disputed(study, model, study.plan.variant(claim.variant), claim=claim)
                for claim in disputed
                if claim.model == model
            ]
            for model in study.models
        },
        details=captions.joined(
            "One pooled number would hide which part of an inside changed: its large directions, its neighbourhoods, "
            "or what a classifier reads from it.",
            "Words: each at the level that its network is tested at.",
        ),
    )


def _ordered(claim: InsideClaim) -> list[MeasureClaim]:
    """The measures on the scale of another seed's, the nearest first."""
    scaled = [one for one in claim.measures.values() if one.measure != CROSS_PROBE]
    return sorted(
        (one for one in scaled if one.distance.value == one.distance.value), key=lambda one: one.distance.value
    )


def _apart(claim: InsideClaim) -> float:
    """How many times as far the farthest measure puts it as the nearest."""
    ordered = _ordered(claim)
    return ordered[-1].distance.value / max(ordered[0].distance.value, 1e-3) if ordered else 0.0


def _disagree(claim: InsideClaim) -> bool:
    words = {one.word for one in claim.measures.values()}
    ordered = _ordered(claim)
    far = bool(ordered) and ordered[-1].distance.value > ordered[-1].margin and _apart(claim) >= APART
    return not claim.identical and ({SAME, CHANGED} <= words or far)
