"""Same, changed, or can't tell: every test behind the report's claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite

from bench.analysis import wording
from bench.analysis.claims import Claim, claim_on
from bench.analysis.networks import title_of
from bench.analysis.outcomes import Outcome, outcomes, primary
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, of_part
from bench.render.kit.table import DASH, Column, Datum, Gotten, Table, estimate, number, tabulate
from bench.render.text import captions, counts
from bench.runner.plan_file import PlannedVariant
from bench.statistics.equivalence import Verdict


@dataclass(frozen=True, kw_only=True)
class Judged(Network):
    """A network with one outcome, and the claim on it; None if it was not tested."""

    outcome: Outcome
    claim: Claim | None


DECIDES = " end of the interval that decides, at the level of the corrected test."


def claimed(get: Callable[[Claim], Gotten]) -> Callable[[Judged], Gotten]:
    """A getter that asks the claim; the row's hole without one."""
    return of_part(lambda judged: judged.claim, get)


def deciding(claim: Claim) -> Datum:
    """The interval that decides around the difference; nothing where no interval does."""
    judged = claim.verdict
    return Datum(judged.value, judged.low, judged.high) if isfinite(judged.low) else Datum()


def _p(p: float) -> Datum:
    """Nothing where nothing was tested."""
    return number(p, hole=DASH)


COLUMNS: tuple[Column[Judged], ...] = (
    *NAMES,
    Column("outcome", "Outcome", "text", "What the difference is of.", lambda judged: judged.outcome.title,
           shown=False, identifies=True),
    Column("reference", "Against", "code", "The variant that it is compared with.",
           claimed(lambda claim: Datum(claim.evidence.reference, hole="none"))),
    Column("difference", "Difference", "estimate", "Mean over seeds, 95% interval.",
           claimed(lambda claim: estimate(claim.evidence.difference, stars=claim.stars, hole="none")), "", 3,
           signed=True),
    Column("decides", "Decides", "estimate", "The interval that decides: at the level of the corrected test.",
           claimed(deciding), "", 3, signed=True, ends=True, alone=True, low=f"Lower{DECIDES}", high=f"Upper{DECIDES}"),
    Column("confidence", "Confidence", "number", "Nominal coverage of the interval that decides.",
           claimed(lambda claim: number(claim.verdict.confidence, 100, hole=DASH)), "%", 2, shown=False),
    Column("effect", "Effect", "number", "The difference over its SD: Cohen's d of paired seeds.",
           claimed(lambda claim: _effect(claim.raw)), "d", 1, signed=True, shown=False),
    Column("margin", "Margin", "number", "Differences below it do not matter.",
           claimed(lambda claim: claim.verdict.margin), "±", 2, shown=False),
    Column("p_t", "p", "p", "Two-sided t test of a difference, not corrected.",
           claimed(lambda claim: _p(claim.raw.p_different)), "t"),
    Column("p_flip", "p", "p", "Exact two-sided sign-flip test over seeds, not corrected.",
           claimed(lambda claim: _p(claim.flip.p)), "flip"),
    Column("p_least", "p", "p", "Smallest p that the sign-flip test can give with these seeds.",
           claimed(lambda claim: claim.flip.smallest_attainable_p), "least", shown=False),
    Column("p_different", "p", "p", "The t test's p after Holm.",
           claimed(lambda claim: _p(claim.verdict.p_different)), "differs"),
    Column("p_equivalent", "p", "p", "The larger p of the two one-sided tests (TOST) after Holm.",
           claimed(lambda claim: _p(claim.verdict.p_equivalent)), "same"),
    Column("power", "Power", "number", "Of showing “same”, were there no difference, at Holm's strictest level.",
           claimed(lambda claim: number(claim.power, hole=DASH)), "", 2),
    Column("verdict", "Verdict", "verdict", "From both corrected p values, or observed.",
           claimed(lambda claim: Datum(wording.verdict(claim), note=wording.why(claim)))),
    Column("reason", "Reason", "text", "Why nothing can be told, or what needs care.",
           claimed(wording.why), shown=False),
    Column("seeds", "n", "number", "Seeds behind the test.", claimed(lambda claim: claim.evidence.seeds)),
)  # fmt: skip


def _columns(study: Study) -> tuple[Column[Judged], ...]:
    unit = primary(study).unit
    units = {"difference": unit, "decides": unit, "margin": f"± {unit}".strip()}
    return tuple(replace(column, unit=units.get(column.key, column.unit)) for column in COLUMNS)


def build(study: Study) -> Table | None:
    """The table: one group per model and outcome."""
    return tabulate(
        "verdicts",
        "Verdicts",
        "Each difference, its word, and the interval that decides.",
        _columns(study),
        {
            f"{title_of(study, model)}: {outcome.title}, {outcome.unit}; margin ±{outcome.margin:g}": [
                _judged(study, model, variant, outcome) for variant in study.plan.methods
            ]
            for model in study.models
            for outcome in outcomes(study)
        },
        raw=True,  # the results have the words, and offer what they rest on
        finding=counts.words(study),
        details=captions.joined(
            *(f"{outcome.title}: {outcome.estimand}." for outcome in outcomes(study)),
            "Decides: the interval at the level that Holm tested at, if words are not withheld. It lies within the "
            "margin where the word is same, and without 0 where it is changed.",
            "Before Holm: p of a difference by t and by the exact sign-flip test. After Holm: the t test (differs), "
            "and the larger of two one-sided tests against the margin (same).",
        ),
    )


def _judged(study: Study, model: str, variant: PlannedVariant, outcome: Outcome) -> Judged:
    claim = claim_on(study, model, variant.label, outcome)
    hole = DASH if claim else study.hole(model, variant.label, outcome.kind) or "missing"
    return Judged(study, model, variant, hole, outcome=outcome, claim=claim)


def _effect(raw: Verdict) -> float | None:
    """Mean over standard deviation; None if all seeds gave the same difference."""
    # `sd` is the standard error times √n. For CKA it holds the images' variance too, which makes d smaller.
    return raw.value / raw.sd if raw.sd > 0 else None
