"""Methods over all networks at once: the joint analysis, and how the networks rank them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, nan

from bench.analysis.across import Across, across
from bench.analysis.study import Study
from bench.render.kit.rows import of_part
from bench.render.kit.table import DASH, Column, Datum, Gotten, Table, number, p_value, tabulate
from bench.render.text import captions
from bench.runner.plan_file import PlannedVariant
from bench.statistics.mixed import Effect
from bench.statistics.superiority import OnNetworks


@dataclass(frozen=True)
class OverModels:
    """One method on one outcome: its effect by the joint analysis, its mean rank, and on how many networks it holds."""

    outcome: Across
    variant: PlannedVariant
    effect: Effect | None
    rank: float
    hole: str = "missing"

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Names the method for scripts."""
        return (("variant", self.variant.label), ("family", self.variant.family))


def jointly(get: Callable[[Effect], Gotten]) -> Callable[[OverModels], Gotten]:
    """A getter that asks the effect; the row's hole without one."""
    return of_part(lambda method: method.effect, get)


COLUMNS: tuple[Column[OverModels], ...] = (
    Column("variant", "Label", "code", "The variant's name in files and on the command line.",
           lambda method: method.variant.label, shown=False, identifies=True),
    Column("title", "Variant", "text", "The compression method with its settings, as printed.",
           lambda method: method.variant.title),
    Column("outcome", "Outcome", "text", "What is compared.",
           lambda method: method.outcome.title, shown=False, identifies=True),
    Column("difference", "From control", "estimate", "Mean over models and seeds, 95% interval.",
           jointly(lambda effect: _estimate(effect)), "", 3, signed=True),
    Column("p", "p", "p", "Two-sided t of the mixed model, after Holm.",
           jointly(lambda effect: number(effect.p, hole=DASH)), "Holm"),
    Column("least", "Least", "number", "The smallest difference of a model.",
           jointly(lambda effect: effect.least), "", 3, signed=True),
    Column("most", "Most", "number", "The largest difference of a model.",
           jointly(lambda effect: effect.most), "", 3, signed=True),
    Column("models", "Models", "number", "Models that have the method and the control.",
           jointly(lambda effect: effect.models)),
    Column("same_on", "Same on at least", "text", "Networks on which it is within the margin of its reference.",
           lambda method: _count(method.outcome.same.get(method.variant.label)), "networks"),
    Column("lower_on", "Lower on at least", "text", "Networks on which it is shown to be below its reference.",
           lambda method: _count(method.outcome.lower.get(method.variant.label)), "networks"),
    Column("rank", "Mean rank", "number", "Over the models that have every method; 1 is best.",
           lambda method: number(method.rank, hole=DASH), "", 1),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if there is nothing to say of all networks together."""
    outcomes = across(study)
    joint = next((outcome.joint for outcome in outcomes if outcome.joint), None)
    return tabulate(
        "across",
        "All networks together",
        "What holds on average over these networks. It says nothing of others; seeds are what repeats.",
        _columns(outcomes),
        {f"{outcome.title}, {outcome.unit}": _methods(study, outcome) for outcome in outcomes},
        notes=dict.fromkeys(note for outcome in outcomes for note in _notes(outcome)),
        details=captions.joined(
            "Differences: every method less the fine-tuned control, averaged over the networks." if joint else "",
            f"Model: {joint.test}." if joint else "",
            f"Correction: Holm over the methods of an outcome. {joint.n} trainings." if joint else "",
            _on_networks(study) if any(outcome.same or outcome.lower for outcome in outcomes) else "",
            *map(_ranked, outcomes),
            "Intervals: 95%, t of the mixed model." if joint else "",
        ),
    )


def _columns(outcomes: Sequence[Across]) -> tuple[Column[OverModels], ...]:
    """Those that have a number for any outcome."""
    parts = {
        ("difference", "p", "least", "most", "models"): any(outcome.joint for outcome in outcomes),
        ("rank",): any(outcome.ranking for outcome in outcomes),
        ("same_on", "lower_on"): any(outcome.same or outcome.lower for outcome in outcomes),
    }
    empty = {key for keys, filled in parts.items() if not filled for key in keys}
    return tuple(column for column in COLUMNS if column.key not in empty)


def _methods(study: Study, outcome: Across) -> list[OverModels]:
    """The best rank first, methods without a rank last."""
    # The two analyses need not cover the same methods: ranks need every model, effects the control.
    effects = {effect.method: effect for effect in (outcome.joint.effects if outcome.joint else ())}
    ranks = dict(zip(outcome.ranking.methods, outcome.ranking.mean_ranks, strict=True)) if outcome.ranking else {}
    methods = [
        OverModels(outcome, variant, effects.get(variant.label), ranks.get(variant.label, nan))
        for variant in study.plan.methods
        if any(variant.label in part for part in (effects, ranks, outcome.same, outcome.lower))
    ]
    return sorted(methods, key=lambda m: (ranks.get(m.variant.label, float("inf")), m.variant.label))


def _count(over: OnNetworks | None) -> str | Datum:
    return f"{over.least} of {over.networks}" if over else Datum()


def _on_networks(study: Study) -> str:
    return (
        "On at least so many networks: partial conjunction, Bonferroni over networks and methods at "
        f"{study.plan.alpha:g}. It holds although networks share test images (Dror et al. 2017)."
    )


def _estimate(effect: Effect) -> Datum:
    low, high = (end if isfinite(end) else None for end in (effect.low, effect.high))
    return Datum(effect.value, low, high) if isfinite(effect.value) else number(effect.value)


def _ranked(outcome: Across) -> str:
    ranking = outcome.ranking
    if ranking is None or not ranking.n:
        return ""
    return (
        f"{outcome.title}: Friedman's p {p_value(ranking.p)} over {ranking.n} networks. Mean ranks closer than "
        f"{ranking.critical_difference:.1f} can't be told apart (Nemenyi)."
    )


def _notes(outcome: Across) -> Iterator[str]:
    yield from (f"{outcome.title}: {note}" for note in outcome.notes)
    for part in (outcome.joint, outcome.ranking):
        if part is not None and part.note:
            yield f"{outcome.title}: {part.note}"
