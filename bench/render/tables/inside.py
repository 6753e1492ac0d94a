"""Is the inside the same? The word for each network, and what each measure that decides says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.analysis import wording
from bench.analysis.sameness import InsideClaim, MeasureClaim, inside_claim
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.kit.names import key_of, short
from bench.render.kit.rows import NAMES, Network, of_part
from bench.render.kit.table import DASH, Column, Datum, Gotten, Table, estimate, number, tabulate
from bench.render.text import captions
from bench.runner.plan_file import PlannedVariant


@dataclass(frozen=True, kw_only=True)
class Judged(Network):
    """A network with the claim on its inside; None if it was not compared."""

    claim: InsideClaim | None


def claimed(get: Callable[[InsideClaim], Gotten]) -> Callable[[Judged], Gotten]:
    """A getter that asks the claim; the row's hole without one."""
    return of_part(lambda judged: judged.claim, get)


def build(study: Study) -> Table | None:
    """The table: one group per model; None if nothing was compared."""
    if not any(inside_claim(study, model, variant.label) for model in study.models for variant in study.plan.methods):
        return None
    names = study.plan.similarity.inside
    return tabulate(
        "inside",
        "Is the inside the same?",
        captions.joined(
            "The word for each inside, and each measure that decides: its distance from the original, and its word on "
            "the distance beyond the reference's.",
            captions.inside_rule(study),
            captions.inside_margins(study),
            captions.seeds(study),
            captions.scaled_interval(study),
            captions.inside_family(study),
        ),
        (*_leading(study), *(column for name in names for column in _columns(study, name)), *_tests()),
        {
            f"{model}; margin {wording.inside_margin(study)}": [
                _judged(study, model, variant) for variant in study.plan.methods
            ]
            for model in study.models
        },
        notes=captions.why_none_same(study),
    )


def _judged(study: Study, model: str, variant: PlannedVariant) -> Judged:
    claim = inside_claim(study, model, variant.label)
    hole = DASH if claim else study.hole(model, variant.label, "compare") or "missing"
    return Judged(study, model, variant, hole, claim=claim)


def _leading(study: Study) -> Iterator[Column[Judged]]:
    yield from NAMES
    yield Column(
        "word", "Inside", "verdict", "Identical inside, same, changed or can't tell; empty where it was trained anew.",
        claimed(lambda claim: Datum(wording.inside_word(claim) or None, hole=DASH, note=claim.reason)),
    )  # fmt: skip
    yield Column(
        "reference", "Beyond", "text", "What the distance is beyond of: its reference.",
        claimed(lambda claim: _reference(study, claim)),
    )  # fmt: skip


def _reference(study: Study, claim: InsideClaim) -> str:
    label = claim.reference.inside_label
    return study.plan.variant(label).title if label else "none"


def _columns(study: Study, name: str) -> Iterator[Column[Judged]]:
    """One measure's distance and word, and for the data files what its word stands on."""
    title, key = short(measure_title(study, name)), key_of(name)

    def ask(get: Callable[[MeasureClaim], Gotten]) -> Callable[[Judged], Gotten]:
        return of_part(lambda judged: judged.claim.measures.get(name) if judged.claim else None, get)

    unit = captions.unit_of(name)
    yield Column(f"{key}_distance", title, "estimate", "Distance from the original, 95% interval.",
                 ask(lambda claim: estimate(claim.distance, hole=DASH)), unit, 2, ends=True)  # fmt: skip
    yield Column(f"{key}_word", title, "verdict", "What this measure says by itself.",
                 ask(lambda claim: Datum(wording.measure_word(claim) or None, hole=DASH, note=claim.reason)),
                 "word")  # fmt: skip
    numbers: tuple[tuple[str, str, Callable[[MeasureClaim], float]], ...] = (
        ("low", "Lower end of the interval that decides, of the distance beyond the reference.", lambda c: c.low),
        ("high", "Upper end of the interval that decides.", lambda c: c.high),
        ("confidence", "Nominal coverage of the interval that decides.", lambda c: c.confidence),
        ("own_margin", "The margin in the measure's own unit.", lambda c: c.own_margin),
        ("p_same", "That the distance is at least the margin, one-sided, not corrected.", lambda c: c.tested.p_same),
        ("p_changed", "That it is the margin, two-sided, not corrected.", lambda c: c.tested.p_changed),
    )
    for part, describe, get in numbers:
        yield Column(f"{key}_{part}", title, "number", describe, ask(partial(_number, get)),
                     part.replace("_", " "), 4, shown=False)  # fmt: skip
    yield Column(f"{key}_block", title, "text", "The block that decides, where a single one does.",
                 ask(lambda claim: claim.block), "block", shown=False)  # fmt: skip


def _number(get: Callable[[MeasureClaim], float], claim: MeasureClaim) -> Datum:
    return number(get(claim), hole=DASH)


def _tests() -> Iterator[Column[Judged]]:
    yield Column("p_same", "p", "p", "That any deciding measure is at or beyond the margin, after Holm.",
                 claimed(lambda claim: claim.p_same), "same")  # fmt: skip
    yield Column("p_changed", "p", "p", "That no deciding measure is beyond it, after Holm over measures and variants.",
                 claimed(lambda claim: claim.p_changed), "changed")  # fmt: skip
    yield Column("reason", "Reason", "text", "Why nothing can be told, or no word is given.",
                 claimed(lambda claim: claim.reason), shown=False)  # fmt: skip
    yield Column("seeds", "n", "number", "Seeds behind the word.", claimed(lambda claim: claim.seeds))
