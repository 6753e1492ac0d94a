"""Accuracy lost against features changed: which methods keep the answers and change the features, and which neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import isfinite

from bench.analysis import wording
from bench.analysis.claims import Claim, claim_on
from bench.analysis.distances import distance
from bench.analysis.inside import CROSS_PROBE
from bench.analysis.networks import title_of
from bench.analysis.outcomes import primary
from bench.analysis.sameness import InsideClaim, MeasureClaim, inside_claim
from bench.analysis.study import Study
from bench.analysis.wording import decimal, measure_title
from bench.render.figures._corners import Dot, Span, paint
from bench.render.kit.figure import Figure
from bench.render.kit.names import anchors, values_alone
from bench.render.kit.prose import counted, listed
from bench.render.kit.table import Column, Datum, Table, tabulate
from bench.render.text import captions
from bench.runner.plan_file import PlannedVariant
from bench.statistics.equivalence import withheld
from bench.statistics.estimate import Estimate
from bench.task import with_unit


@dataclass(frozen=True)
class Judged:
    """One method with what is claimed of its answers and of its features.

    Attributes:
        measure: the one by which its features are farthest beyond the reference's.
        beyond: that distance.
    """

    variant: PlannedVariant
    answers: Claim
    features: InsideClaim
    measure: MeasureClaim
    beyond: Estimate

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Names the row of a summary for scripts."""
        return (("variant", self.variant.label), ("family", self.variant.family))

    @property
    def kept_and_changed(self) -> bool:
        """Whether its accuracy is the same and its features are not."""
        return self.answers.within and self.features.changed


def build(study: Study) -> list[Figure]:
    """One figure per network of which both were judged."""
    return list(_figures(study))


def judged(study: Study, model: str) -> list[Judged]:
    """The methods that have both, by label."""
    found = []
    for variant in study.plan.methods:
        answers = claim_on(study, model, variant.label, primary(study))
        features = inside_claim(study, model, variant.label)
        if answers is None or features is None or not isfinite(answers.evidence.difference.value):
            continue
        scaled = _farthest(study, model, variant.label, features)
        if scaled:
            found.append(Judged(variant, answers, features, *scaled))
    return found


# Never by one measure alone: a method that keeps CKA may lose the neighbours of its images. Of the measures that decide
# and have a scale, each method is placed by the one that moved most.
def _farthest(study: Study, model: str, label: str, claim: InsideClaim) -> tuple[MeasureClaim, Estimate] | None:
    several = []
    for name in study.plan.similarity.inside:
        one = distance(study, model, label, claim.feature, name) if name != CROSS_PROBE else None
        if one is None or one.beyond is None or name not in claim.measures:
            continue
        beyond = one.beyond.ratio(study.plan.margins.inside)
        several += [(claim.measures[name], beyond)] if isfinite(beyond.value) else []
    return max(several, key=lambda pair: pair[1].value, default=None)


def _figures(study: Study) -> Iterator[Figure]:
    task, margins = study.primary, study.plan.margins
    for model, anchor in anchors(study.models).items():
        methods = judged(study, model)
        if not methods:
            continue
        lost = with_unit(f"{margins.accuracy:g}", task.unit)
        probes = ", a probe's loss included" if CROSS_PROBE in study.plan.similarity.inside else ""
        yield Figure(
            f"corners-{anchor}",
            f"What changed: {study.primary.noun}, features or both",
            f"Lines: the margins, {lost} and {wording.inside_margin(study)}.",
            f"Scatter plot of {task.noun} lost against the distance of features beyond the reference's for "
            f"{title_of(study, model)}.",
            partial(paint, study, model, _dots(study, model)),
            ("verdicts", "inside"),
            network=model,
            finding=_finding(study, methods, model),
            details=captions.joined(
                f"Up: {task.noun} lost, against a network that trained as long without being compressed. Right: "
                "distance of the features beyond that network's, by whichever deciding measure with a scale moved "
                f"most ({listed([measure_title(study, name) for name in _scaled(study)])}). Both axes are linear "
                "within twice the margin, logarithmic beyond. Thin lines: 95% intervals. Broad lines: the intervals "
                f"that decide the words; none if no word is given. Filled: features shown to have changed by any "
                f"measure{probes}.",
                captions.levels(study),
                captions.inside_rule(study),
                "Tests: see the verdicts and the words on the inside.",
            ),
            summary=_summary(study, methods, model, f"corners-{anchor}"),
        )


def _scaled(study: Study) -> list[str]:
    return [name for name in study.plan.similarity.inside if name != CROSS_PROBE]


def _finding(study: Study, methods: list[Judged], model: str) -> str:
    """How many keep their accuracy with changed features, and of how many more that cannot be told."""
    noun, title = study.primary.noun, title_of(study, model)
    if study.withholds and withheld(study.seeds, study.plan.alpha):
        return (
            f"{counted(study.seeds, 'seed')} cannot show whether a method keeps {title}'s {noun} and changes features."
        )
    kept = sum(method.kept_and_changed for method in methods)
    unsure = sum(method.features.changed and method.answers.undecided for method in methods)
    rest = counted(unsure, "other") if kept else f"{unsure}"
    more = f"; of {rest} with changed features that can't be told" if unsure else ""
    return (
        f"{kept} of {counted(len(methods), 'method')} on {title} "
        f"{'has' if kept == 1 else 'have'} the same {noun} and changed features{more}."
    )


def _dots(study: Study, model: str) -> list[Dot]:
    dots = []
    for method in judged(study, model):
        difference, verdict, measure = method.answers.evidence.difference, method.answers.verdict, method.measure
        dots.append(
            Dot(
                method.variant,
                values_alone(method.variant),
                # What is lost is the difference with its sign turned, and so its ends change places.
                lost=Span(-difference.value, -difference.high, -difference.low, -verdict.high, -verdict.low),
                moved=Span(method.beyond.value, method.beyond.low, method.beyond.high, measure.low, measure.high),
                changed=method.features.changed,
                says=_said(study, model, method),
            )
        )
    return dots


def _said(study: Study, model: str, method: Judged) -> str:
    """One dot in words."""
    outcome = method.answers.evidence.outcome
    difference = decimal(method.answers.evidence.difference.value, outcome.digits, signed=True)
    return (
        f"{method.variant.title}, {title_of(study, model)}: {with_unit(difference, outcome.unit)} of "
        f"{study.primary.noun}, {wording.short(method.answers)}; features {decimal(method.beyond.value, 2)} "
        f"seed-equivalents by {measure_title(study, method.measure.measure)}, {wording.inside_word(method.features)}."
    )


def _summary(study: Study, methods: list[Judged], model: str, id_: str) -> Table | None:
    task = study.primary

    def change(method: Judged) -> Datum:
        difference = method.answers.evidence.difference
        return Datum(difference.value, _end(difference.low), _end(difference.high))

    def moved(method: Judged) -> Datum:
        return Datum(method.beyond.value, _end(method.beyond.low), _end(method.beyond.high))

    columns: list[Column[Judged]] = [
        Column("title", "Method", "text", "As printed.", lambda method: method.variant.title),
        Column("change", "From reference", "estimate", f"Change in {task.noun}.", change, unit=task.unit,
               digits=task.digits, signed=True, ends=True),
        Column("answers", f"{task.capital}: word", "verdict", "What is claimed of it.",
               lambda method: wording.short(method.answers)),
        Column("moved", "Features", "estimate", "Distance beyond the reference's.", moved, unit="seed-eq.", digits=2,
               ends=True),
        Column("features", "Features: word", "verdict", "What is claimed of them.",
               lambda method: wording.inside_word(method.features)),
    ]  # fmt: skip
    return tabulate(
        f"{id_}-summary",
        f"{study.primary.capital} and features: {title_of(study, model)}",
        "",
        columns,
        {"": methods},
    )


def _end(end: float) -> float | None:
    return end if isfinite(end) else None
