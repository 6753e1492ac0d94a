"""Methods over all networks at once: the joint analysis, and how the networks rank them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.analysis.across import Across, across
from bench.analysis.study import Study
from bench.render.kit.rows import LABEL, VARIANT
from bench.render.kit.table import Column, Datum, Group, Row, Table, number, p_value
from bench.render.text import captions
from bench.runner.plan_file import PlannedVariant
from bench.statistics.mixed import Effect

COLUMNS = (
    LABEL,
    VARIANT,
    Column("outcome", "Outcome", "text", "What is compared.", shown=False),
    Column("difference", "Less control", "estimate", "Mean over models and seeds, 95% interval.", "", 3, signed=True),
    Column("p", "p", "p", "Two-sided t of the mixed model, after Holm.", "Holm"),
    Column("least", "Least", "number", "The smallest difference of a model.", "", 3, signed=True),
    Column("most", "Most", "number", "The largest difference of a model.", "", 3, signed=True),
    Column("models", "Models", "number", "Models that have the method and the control."),
    Column("rank", "Mean rank", "number", "Over the models that have every method; 1 is best.", "", 1),
)


def build(study: Study) -> Table | None:
    """The table; None for a single model."""
    found = [each for each in across(study) if each.joint or each.ranking]
    if not found:
        return None
    joint = next((each.joint for each in found if each.joint), None)
    return Table(
        "across",
        "All networks together",
        captions.joined(
            "Every method against the fine-tuned control, averaged over the networks; the conclusions are about these "
            "networks, and seeds are the replication.",
            f"Model: {joint.test}." if joint else "",
            f"Correction: Holm over the methods of an outcome; {joint.n} trained networks." if joint else "",
            *(_ranked(each) for each in found),
            captions.seeds(study),
            "Intervals: 95%, t of the mixed model." if joint else "",
            captions.version(study),
        ),
        COLUMNS,
        tuple(Group(f"{each.title}, less control, {each.outcome.unit}", tuple(_rows(study, each))) for each in found),
        notes=tuple(dict.fromkeys(note for each in found for note in _notes(each))),
    )


def _rows(study: Study, outcome: Across) -> Iterator[Row]:
    effects = {effect.method: effect for effect in (outcome.joint.effects if outcome.joint else ())}
    ranks = dict(zip(outcome.ranking.methods, outcome.ranking.mean_ranks, strict=True)) if outcome.ranking else {}
    variants = [variant for variant in study.plan.methods if variant.label in effects or variant.label in ranks]
    for variant in sorted(variants, key=lambda v: (ranks.get(v.label, float("inf")), v.label)):
        yield _row(outcome, variant, effects.get(variant.label), ranks.get(variant.label))


def _row(outcome: Across, variant: PlannedVariant, effect: Effect | None, rank: float | None) -> Row:
    cells: tuple[Datum, ...] = (Datum(hole="missing"),) * 5
    if effect is not None:
        cells = (
            _estimate(effect),
            number(effect.p, hole="–"),
            number(effect.least),
            number(effect.most),
            Datum(effect.models),
        )
    return Row(
        (Datum(variant.label), Datum(variant.title), Datum(outcome.title), *cells, number(rank, hole="–")),
        about=(("variant", variant.label), ("family", variant.family)),
    )


def _estimate(effect: Effect) -> Datum:
    low, high = (end if math.isfinite(end) else None for end in (effect.low, effect.high))
    return Datum(effect.value, low, high) if math.isfinite(effect.value) else number(effect.value)


def _ranked(outcome: Across) -> str:
    ranking = outcome.ranking
    if ranking is None or not ranking.n:
        return ""
    return (
        f"{outcome.title}: Friedman's p {p_value(ranking.p)} over {ranking.n} networks; mean ranks closer than "
        f"{ranking.critical_difference:.1f} cannot be told apart (Nemenyi)."
    )


def _notes(outcome: Across) -> Iterator[str]:
    for part in (outcome.joint, outcome.ranking):
        if part is not None and part.note:
            yield f"{outcome.title}: {part.note}"
