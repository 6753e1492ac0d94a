"""Is the inside the same? The word for each network, and what each measure that decides says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.analysis import wording
from bench.analysis.distances import measures
from bench.analysis.inside import CROSS_PROBE
from bench.analysis.sameness import InsideClaim, MeasureClaim, inside_claim
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.render.kit.names import key_of, short
from bench.render.kit.rows import NAMES, Network, networks, of_part
from bench.render.kit.table import DASH, Column, Datum, Gotten, Table, estimate, number, tabulate
from bench.render.tables.similarity import distance_by
from bench.render.text import captions, counts
from bench.roles import ORIGINAL


@dataclass(frozen=True, kw_only=True)
class Judged(Network):
    """A network with the claim on its inside; None if it was not compared."""

    claim: InsideClaim | None


def claimed(get: Callable[[InsideClaim], Gotten]) -> Callable[[Judged], Gotten]:
    """A getter that asks the claim; without one the row's hole, and nothing of a yardstick."""
    ask: Callable[[Judged], Gotten] = of_part(lambda judged: judged.claim, get)
    return lambda judged: Datum() if judged.variant.control else ask(judged)


def build(study: Study) -> Table | None:
    """The table: one group per model, methods first, then the yardsticks; None if no method was compared."""
    if not any(inside_claim(study, model, variant.label) for model in study.models for variant in study.plan.methods):
        return None
    names = study.plan.similarity.inside
    others = [name for name in measures(study) if name not in names]
    variants = [variant for variant in study.plan.variants if variant.label != ORIGINAL]
    return tabulate(
        "inside",
        "Is the inside the same?",
        "The word for each, and for each measure.",
        (
            *_leading(study),
            *(column for name in names for column in _columns(study, name)),
            *(_other(study, name) for name in others),
            *_tests(),
        ),
        {
            f"{name}; margin {wording.inside_margin(study)}": [_judged(study, net) for net in several]
            for name, several in networks(study, variants, "compare").items()
        },
        notes=(*captions.why_none_same(study), *captions.traps(study)),
        finding=counts.insides(study),
        details=captions.joined(
            "By each measure that decides: the distance from the original, and its own word.",
            captions.inside_rule(study),
            captions.inside_margins(study),
            captions.scaled_interval(study),
            captions.inside_family(study),
        ),
    )


def _judged(study: Study, net: Network) -> Judged:
    claim = inside_claim(study, net.model, net.label)
    hole = DASH if claim else net.hole or ("" if net.variant.control else "missing")
    return Judged(study, net.model, net.variant, hole, claim=claim)


def _leading(study: Study) -> Iterator[Column[Judged]]:
    yield from NAMES
    yield Column(
        "word", "Inside", "verdict", "Identical inside, same, changed or can't tell; empty where it was trained anew.",
        claimed(lambda claim: Datum(wording.inside_word(claim) or None, hole=DASH, note=claim.reason)),
    )  # fmt: skip
    yield Column(
        "reference", "Beyond", "text", "What the distance is beyond of: its reference.",
        claimed(lambda claim: _reference(study, claim)), spare=True,
    )  # fmt: skip


def _reference(study: Study, claim: InsideClaim) -> str:
    label = claim.reference.inside_label
    return study.plan.variant(label).title if label else "none"


def _columns(study: Study, name: str) -> Iterator[Column[Judged]]:
    """One measure's distance and word, and for the data files what its word stands on."""
    title, key = short(measure_title(study, name)), key_of(name)

    def ask(get: Callable[[MeasureClaim], Gotten]) -> Callable[[Judged], Gotten]:
        of_claim: Callable[[Judged], Gotten] = of_part(
            lambda judged: judged.claim.measures.get(name) if judged.claim else None, get
        )
        return lambda judged: Datum() if judged.variant.control else of_claim(judged)

    of_yardstick = distance_by(study, study.plan.features[0], name)
    of_method = ask(lambda claim: estimate(claim.distance, hole=DASH))
    unit = captions.unit_of(name)
    describe = "Distance from the original, 95% interval."
    if name == CROSS_PROBE:
        describe = "Loss in the block that decides, of controls in the block that loses most, 95% interval."
    yield Column(f"{key}_distance", title, "estimate", describe,
                 lambda judged: of_yardstick(judged) if judged.variant.control else of_method(judged),
                 unit, 2, ends=True)  # fmt: skip
    yield Column(f"{key}_word", title, "verdict", "What this measure says by itself.",
                 ask(lambda claim: Datum(wording.measure_word(claim) or None, hole=DASH, note=claim.reason)),
                 "word")  # fmt: skip
    numbers: tuple[tuple[str, str, str, Callable[[MeasureClaim], float]], ...] = (
        ("low", unit, "Lower end of the interval that decides, of the distance beyond the reference.", lambda c: c.low),
        ("high", unit, "Upper end of the interval that decides.", lambda c: c.high),
        ("confidence", "%", "Nominal coverage of the interval that decides.", lambda c: 100 * c.confidence),
        ("own_margin", "", "The margin in the measure's own unit.", lambda c: c.own_margin),
        (
            "p_same",
            "",
            "That the distance is at least the margin, one-sided, not corrected.",
            lambda c: c.tested.p_same,
        ),
        ("p_changed", "", "That it is the margin, two-sided, not corrected.", lambda c: c.tested.p_changed),
    )
    for part, of, describe, get in numbers:
        yield Column(f"{key}_{part}", f"{title}, {part.replace('_', ' ')}", "number", describe,
                     ask(partial(_number, get)), of, 4, shown=False)  # fmt: skip
    yield Column(f"{key}_block", title, "text", "The block that decides, where a single one does.",
                 ask(lambda claim: claim.block), "block", shown=False)  # fmt: skip


def _other(study: Study, name: str) -> Column[Judged]:
    """The distance by a measure that decides nothing."""
    feature, title = study.plan.features[0], measure_title(study, name)
    return Column(f"{key_of(name)}_distance", short(title), "estimate", f"Distance from the original by {title}.",
                  distance_by(study, feature, name), captions.unit_of(name), 2, spare=True)  # fmt: skip


def _number(get: Callable[[MeasureClaim], float], claim: MeasureClaim) -> Datum:
    return number(get(claim), hole=DASH)


def _tests() -> Iterator[Column[Judged]]:
    yield Column("p_same", "p", "p", "That any deciding measure is at or beyond the margin, after Holm.",
                 claimed(lambda claim: claim.p_same), "same", spare=True)  # fmt: skip
    yield Column("p_changed", "p", "p", "That no deciding measure is beyond it, after Holm over measures and variants.",
                 claimed(lambda claim: claim.p_changed), "changed", spare=True)  # fmt: skip
    yield Column("reason", "Reason", "text", "Why nothing can be told, or no word is given.",
                 claimed(lambda claim: claim.reason), shown=False)  # fmt: skip
    yield Column("seeds", "n", "number", "Seeds behind the word.", claimed(lambda claim: claim.seeds), spare=True)
