"""What is claimed of each compressed network, and the tests that the claims stand on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from bench.analysis.study import Study, judgement
from bench.roles import CONTROL, ORIGINAL
from bench.runner.plan_file import PlannedVariant
from bench.statistics.equivalence import Verdict, assess_estimate, corrected
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import paired_difference
from bench.statistics.multiplicity import holm
from bench.statistics.tests import Significance, sign_flip, smallest_attainable_p

LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


@dataclass(frozen=True)
class Outcome:
    """A question that is asked of every method.

    Attributes:
        key: e.g. `accuracy`, `accuracy-control`, `inside-pooled`.
        title: head of a column.
        estimand: in words, for a caption.
        margin: differences below it do not matter, in `unit`.
        digits: after the decimal point.
    """

    key: str
    title: str
    estimand: str
    unit: str
    margin: float
    digits: int


@dataclass(frozen=True)
class Evidence:
    """One outcome of one variant before anything is corrected.

    Attributes:
        difference: mean over seeds with its 95% interval.
        per_seed: the (S,) differences behind it, NaN where a seed has none.
    """

    model: str
    variant: str
    outcome: Outcome
    difference: Estimate
    per_seed: tuple[float, ...]

    @property
    def seeds(self) -> int:
        """How many seeds have the difference."""
        return sum(map(isfinite, self.per_seed))


@dataclass(frozen=True)
class Claim:
    """One outcome of one method, with both questions answered and corrected for their number.

    Attributes:
        raw: before correction.
        verdict: after Holm over `family`.
        flip: the exact sign-flip test, beside the t test.
        withheld: whether so few seeds could never reach alpha, so that no stars are given.
        family: what was corrected for, in words for a caption.
        size: tests in the family.
    """

    evidence: Evidence
    raw: Verdict
    verdict: Verdict
    flip: Significance
    withheld: bool
    family: str
    size: int

    @property
    def stars(self) -> str:
        """Of the corrected p of a difference; none where they are withheld."""
        p = self.verdict.p_different
        return "" if self.withheld else next((stars for level, stars in LEVELS if p <= level), "")


def judge(evidence: Iterable[Evidence], alpha: float, family: str) -> list[Claim]:
    """Claims on one family of tests: a difference, and its absence beyond the margin, each with Holm's correction."""
    given = list(evidence)
    raw = [assess_estimate(each.difference, each.outcome.margin, alpha=alpha) for each in given]
    different = holm([verdict.p_different for verdict in raw], family=family, alpha=alpha)
    equivalent = holm([verdict.p_equivalent for verdict in raw], family=family, alpha=alpha)
    return [
        Claim(
            evidence=each,
            raw=before,
            verdict=after,
            flip=sign_flip(each.per_seed),
            withheld=smallest_attainable_p(each.difference.n if each.difference.unit == "seed" else 1) > alpha,
            family=after.correction,
            size=different.size,
        )
        for each, before, after in zip(given, raw, corrected(raw, different, equivalent), strict=True)
    ]


@judgement
def outcomes(study: Study) -> tuple[Outcome, ...]:
    """The co-primary questions."""
    margins = study.plan.margins
    accuracy = (
        Outcome(
            "accuracy", "Top-1, less original", "top-1 of the packed file less the original's", "points",
            margins.accuracy, 2,
        ),
        Outcome(
            "accuracy-control", "Top-1, less control", "top-1 of the packed file less the fine-tuned control's",
            "points", margins.accuracy, 2,
        ),
    )  # fmt: skip
    return accuracy + tuple(
        Outcome(
            f"inside-{feature}",
            f"CKA, less control ({feature})",
            f"debiased linear CKA to the original ({feature} features, mean over blocks) less the fine-tuned control's",
            "CKA",
            margins.cka,
            4,
        )
        for feature in study.plan.features
    )


@judgement
def claims(study: Study) -> dict[tuple[str, str, str], Claim]:
    """By (model, variant, outcome), methods only; one family of tests a model."""
    found: dict[tuple[str, str, str], Claim] = {}
    for model in study.models:
        evidence = [
            each
            for variant in study.plan.methods
            for outcome in outcomes(study)
            if (each := _evidence(study, model, variant, outcome)) is not None
        ]
        for claim in judge(evidence, study.plan.alpha, f"methods x outcomes of {model}"):
            found[model, claim.evidence.variant, claim.evidence.outcome.key] = claim
    return found


def claims_on(study: Study, model: str, outcome: str) -> list[Claim]:
    """The methods' claims on one outcome of a model, where it was judged."""
    judged = claims(study)
    keys = [(model, variant.label, outcome) for variant in study.plan.methods]
    return [judged[key] for key in keys if key in judged]


def _evidence(study: Study, model: str, variant: PlannedVariant, outcome: Outcome) -> Evidence | None:
    if outcome.unit == "points":
        reference = ORIGINAL if outcome.key == "accuracy" else CONTROL
        ours, theirs = (100 * study.per_seed("test_accuracy", model, v) for v in (variant.label, reference))
        difference, per_seed = paired_difference(ours, theirs), ours - theirs
    else:
        feature = outcome.key.removeprefix("inside-")
        own = study.insides.get((model, variant.label, feature))
        control = study.insides.get((model, CONTROL, feature))
        if own is None or control is None or own.influence.shape != control.influence.shape:
            return None
        difference, per_seed = own.beyond(control), own.mean_values - control.mean_values
    if not difference.n:
        return None
    return Evidence(model, variant.label, outcome, difference, tuple(per_seed.tolist()))
