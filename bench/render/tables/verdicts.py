"""Same, different, or can't we tell: every test behind the report's claims."""

from __future__ import annotations

from bench.analysis.claims import Claim, claim_on
from bench.analysis.outcomes import Outcome, outcomes
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, row
from bench.render.kit.table import Column, Datum, Group, Table, estimate, number
from bench.render.text import captions
from bench.runner.plan_file import PlannedVariant
from bench.statistics.equivalence import Verdict

COLUMNS = (
    *NAMES,
    Column("outcome", "Outcome", "text", "What the difference is of.", shown=False),
    Column("difference", "Difference", "estimate", "Mean over seeds, 95% interval.", "", 3, signed=True),
    Column("effect", "Effect", "number", "The difference over its SD: Cohen's d of paired seeds.", "d", 1, signed=True),
    Column("margin", "Margin", "number", "Differences below it do not matter.", "±", 2, shown=False),
    Column("p_t", "p", "p", "Two-sided t test of a difference, not corrected.", "t"),
    Column("p_flip", "p", "p", "Exact two-sided sign-flip test over seeds, not corrected.", "flip"),
    Column("p_least", "p", "p", "Smallest p that the sign-flip test can give with these seeds.", "least"),
    Column("p_different", "p", "p", "The t test's p after Holm.", "differs"),
    Column("p_equivalent", "p", "p", "The larger p of the two one-sided tests (TOST) after Holm.", "same"),
    Column("verdict", "Verdict", "verdict", "From both corrected p values."),
    Column("reason", "Reason", "text", "Why a verdict is inconclusive, or needs care.", shown=False),
    Column("seeds", "n", "number", "Seeds behind the test."),
)


def build(study: Study) -> Table:
    """The table: one group a model and outcome."""
    groups = (
        Group(
            f"{model}: {outcome.title}, {outcome.unit}; margin ±{outcome.margin:g}",
            tuple(_row(study, model, variant, outcome) for variant in methods),
        )
        for methods in [study.plan.methods]
        for model in study.models
        for outcome in outcomes(study)
    )
    return Table(
        "verdicts",
        "Verdicts",
        captions.joined(
            "Whether each compressed network is different from, or equivalent to, what it is compared with.",
            "Outcomes: " + "; ".join(f"{each.title}: {each.estimand}" for each in outcomes(study)) + ".",
            "p: t and exact sign-flip test of a difference, not corrected; the least p that the sign flip can give; "
            "after Holm: the t test (differs), and the larger of two one-sided tests against the margin (same).",
            "Effect: the difference over the SD that the seeds seem to have, standard error × √n.",
            captions.margins(study),
            captions.seeds(study),
            "Intervals: 95%; accuracy: t over seeds; CKA: variance between seeds plus the jackknife's over images.",
            captions.family(study),
            captions.stars(study),
            captions.version(study),
        ),
        COLUMNS,
        tuple(group for group in groups if group.rows),
    )


def _row(study: Study, model: str, variant: PlannedVariant, outcome: Outcome):
    claim = claim_on(study, model, variant.label, outcome)
    cells = _cells(claim) if claim else (Datum(hole=study.hole(model, variant.label, outcome.kind) or "missing"),) * 11
    return row(model, variant, (Datum(outcome.title), *cells))


def _cells(claim: Claim) -> tuple[Datum, ...]:
    verdict, raw = claim.verdict, claim.raw
    return (
        estimate(claim.evidence.difference, stars=claim.stars),
        number(_effect(raw), hole="–"),
        Datum(verdict.margin),
        number(raw.p_different, hole="–"),
        number(claim.flip.p, hole="–"),
        Datum(claim.flip.smallest_attainable_p),
        number(verdict.p_different, hole="–"),
        number(verdict.p_equivalent, hole="–"),
        Datum(verdict.word, note=verdict.reason),
        Datum(verdict.reason),
        Datum(claim.evidence.seeds),
    )


def _effect(raw: Verdict) -> float | None:
    """Mean over standard deviation; none where all seeds gave the same difference."""
    return raw.value / raw.sd if raw.sd > 0 else None
