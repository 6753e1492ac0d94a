"""What is claimed of each compressed network, and the tests that the claims stand on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan

from bench.analysis.outcomes import Evidence, Outcome, outcomes, primary, primary_less_original
from bench.analysis.per_image import AnswerAgreement
from bench.analysis.reference import reference
from bench.analysis.study import Study, judgement
from bench.roles import ORIGINAL
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME, Verdict, assess_estimate, corrected, withheld
from bench.statistics.estimate import Estimate
from bench.statistics.multiplicity import benjamini_hochberg, holm
from bench.statistics.power import Needed, crossed_needed, crossed_tost_power, seeds_for_equivalence, tost_power
from bench.statistics.tests import Significance, sign_flip, t_of

LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
OBSERVED = "Identical answers are observed and not tested."


@dataclass(frozen=True)
class Claim:
    """One outcome of one method, with both questions answered and corrected for their number.

    Attributes:
        raw: before correction.
        verdict: after Holm over `family`.
        flip: the exact sign-flip test, beside the t test.
        family: what was corrected for, in words for a caption; empty if nothing was tested.
        size: tests in the family.
        agreement: with the original's answers where all are identical, which is observed and not tested; else None.
        nothing_to_lose: why there are no words: the original is not shown to beat chance; else empty.
    """

    evidence: Evidence
    raw: Verdict
    verdict: Verdict
    flip: Significance
    family: str
    size: int
    agreement: AnswerAgreement | None = None
    nothing_to_lose: str = ""

    @property
    def tested(self) -> bool:
        """Whether it belongs to a family of tests."""
        return bool(self.family)

    @property
    def identical(self) -> bool:
        """Whether every answer is the original's, in every seed."""
        return self.agreement is not None

    @property
    def withheld(self) -> bool:
        """Whether so few seeds could never reach alpha, so that neither words nor stars are given."""
        return bool(self.verdict.withheld)

    @property
    def stars(self) -> str:
        """Stars of the difference's corrected p; empty if withheld, and where no difference is shown at alpha."""
        p = self.verdict.p_different
        return next((stars for level, stars in LEVELS if p <= level), "") if self.differs else ""

    @property
    def within(self) -> bool:
        """Whether the difference is shown to be smaller than the margin, or there is none at all."""
        return self.identical or self.verdict.word == SAME

    @property
    def differs(self) -> bool:
        """Whether a difference is shown, however small."""
        return self.verdict.differs

    @property
    def changed(self) -> bool:
        """Whether a difference is shown that is not shown to be within the margin."""
        return self.verdict.word == CHANGED

    @property
    def undecided(self) -> bool:
        """Whether neither a difference nor its absence beyond the margin is shown."""
        return self.verdict.word == CANT_TELL and not (self.identical or self.nothing_to_lose)

    @property
    def worse(self) -> bool:
        """Whether it is shown to be below the reference, and not shown to be within the margin."""
        return self.changed and self.evidence.difference.value < 0

    @cached_property
    def power(self) -> float:
        """Probability of "same", were there no difference, at the strictest level that Holm may ask for; or NaN."""
        # Holm tests the smallest p at alpha / size and the others at more: planning for that level is on the safe side.
        raw, parts, size = self.raw, self.evidence.parts, max(self.size, 1)
        if not self.tested or (parts is not None and not parts.variance > 0.0):  # the sign-flip test stands in for t
            return nan
        if parts is not None:
            return crossed_tost_power(
                parts, raw.margin, seeds=parts.seeds, images=parts.images, alpha=raw.alpha, tests=size
            )
        if self.withheld:
            return 0.0
        return tost_power(raw.n, raw.sd, raw.margin, alpha=raw.alpha / size) if raw.sd > 0 else nan

    @cached_property
    def needed(self) -> Needed | None:
        """What would show "same" 8 times in 10, were there no difference; None if the spread is 0 or unknown."""
        raw, parts, size = self.raw, self.evidence.parts, max(self.size, 1)
        if not self.tested or not raw.sd > 0:
            return None
        if parts is not None:
            return crossed_needed(parts, raw.margin, alpha=raw.alpha, tests=size)
        seeds = seeds_for_equivalence(raw.sd, raw.margin, alpha=raw.alpha / size)
        return Needed(seeds=seeds, images=None, images_at_least=None, present_power=self.power)


@judgement
def claims(study: Study) -> dict[tuple[str, str, str], Claim]:
    """By (model, variant, outcome's key), methods only; one family of tests a network and outcome."""
    return {
        (model, claim.evidence.variant, outcome.key): claim
        for model in study.models
        for outcome in outcomes(study)
        for claim in _of_family(study, model, outcome)
    }


def claim_on(study: Study, model: str, variant: str, outcome: Outcome) -> Claim | None:
    """What is claimed of one network; None if it was not tested."""
    return claims(study).get((model, variant, outcome.key))


def claims_on(study: Study, outcome: Outcome, *models: str) -> list[Claim]:
    """The claims on one outcome in the order of models and methods; of all models unless some are named."""
    pairs = [(model, variant.label) for model in models or study.models for variant in study.plan.methods]
    return [claim for pair in pairs if (claim := claim_on(study, *pair, outcome))]


@judgement
def nothing_to_lose(study: Study) -> dict[str, str]:
    """By model whose original is not shown to beat chance, why nothing is said of it; others are left out."""
    reasons = {}
    for model in study.models:
        chance, level = study.per_image.chance(model), study.level(model, ORIGINAL)
        if chance is None or not level.n:
            continue
        # With few seeds nothing can be shown of anything, and that is said then, unless both would be printed alike.
        primary = study.primary
        above = primary.scale * (level.value - chance) >= 0.5 * 10**-primary.digits
        if above and study.withholds and withheld(level.n, study.plan.alpha):
            continue
        if not above or not t_of(level, null=chance, alternative="greater").p <= study.plan.alpha:
            reasons[model] = (
                f"Nothing to lose: the original's {study.primary.noun} is not shown to beat chance "
                f"({study.primary.scale * chance:.{study.primary.digits}f}{study.primary.level_unit})."
            )
    return reasons


def _of_family(study: Study, model: str, outcome: Outcome) -> list[Claim]:
    """The claims on one outcome of one network: those of its family of tests, and what needs no test."""
    gathered = [_evidence(study, model, variant.label, outcome) for variant in study.plan.methods]
    found = [evidence for evidence in gathered if evidence is not None]
    agreements = {evidence.variant: _identical(study, evidence) for evidence in found}
    lost = nothing_to_lose(study).get(model, "")
    silent = {
        evidence.variant for evidence in found if lost or agreements[evidence.variant] or evidence.reference is None
    }
    tested = judge(
        [evidence for evidence in found if evidence.variant not in silent],
        study.plan.alpha,
        f"methods on {model}, {outcome.title}",
        withhold=study.withholds,
    )
    by_variant = {claim.evidence.variant: claim for claim in tested}
    for evidence in found:
        if evidence.variant not in silent:
            continue
        reason = OBSERVED if agreements[evidence.variant] else lost or reference(study, model, evidence.variant).reason
        by_variant[evidence.variant] = _untested(study, evidence, agreements[evidence.variant], lost, reason)
    return [by_variant[evidence.variant] for evidence in found]


def _evidence(study: Study, model: str, variant: str, outcome: Outcome) -> Evidence | None:
    """What there is to judge; without a difference where no network had the same training."""
    if outcome.reference_of(study, model, variant) is not None:
        return outcome.evidence(study, model, variant)
    values = outcome.values(study, model, variant)
    if not any(value == value for value in values.tolist()):
        return None
    nowhere = Estimate(nan, nan, nan, 0, "seed", "none")
    return Evidence(model, variant, outcome, nowhere, tuple([nan] * len(values)), None)


def _identical(study: Study, evidence: Evidence) -> AnswerAgreement | None:
    if evidence.outcome.key != primary(study).key:
        return None
    found = study.per_image.agreement(evidence.model, evidence.variant)
    return found if found is not None and found.identical else None


def _untested(study: Study, evidence: Evidence, agreement: AnswerAgreement | None, lost: str, reason: str) -> Claim:
    raw = assess_estimate(evidence.difference, evidence.outcome.margin, alpha=study.plan.alpha)
    ended = f"{reason[:1].upper()}{reason[1:].rstrip('.')}."
    verdict = replace(
        raw, word=CANT_TELL, low=nan, high=nan, confidence=nan, p_different=nan, p_lower=nan, p_upper=nan,
        p_equivalent=nan, withheld="", reason=ended,
    )  # fmt: skip
    flip = replace(sign_flip(evidence.per_seed), p=nan)
    return Claim(evidence, verdict, verdict, flip, "", 0, agreement, "" if agreement else lost)


def judge(evidence: Iterable[Evidence], alpha: float, family: str, *, withhold: bool = True) -> list[Claim]:
    """Claims on one family of tests: a difference, and its absence beyond the margin, each with Holm's correction.

    Args:
        withhold: whether words are withheld where the seeds are too few for them.
    """
    evidence = list(evidence)
    raw = [
        assess_estimate(tested.difference, tested.outcome.margin, alpha=alpha, withhold=withhold) for tested in evidence
    ]
    # Is there a difference, and is it within the margin? Each question is a family of its own, so that alpha bounds the
    # chance of any wrong "changed" and, separately, of any wrong "same".
    different = holm([verdict.p_different for verdict in raw], family=family, alpha=alpha)
    equivalent = holm([verdict.p_equivalent for verdict in raw], family=family, alpha=alpha)
    return [
        Claim(
            evidence=tested,
            raw=before,
            verdict=after,
            flip=sign_flip(tested.per_seed),
            family=after.correction,
            size=different.size,
        )
        for tested, before, after in zip(evidence, raw, corrected(raw, different, equivalent), strict=True)
    ]


@dataclass(frozen=True)
class LessOriginal:
    """How a network differs from the original by the task's primary outcome, whatever its reference is.

    Attributes:
        difference: in the outcome's unit, with its 95% interval.
        p_corrected: that it is 0, after Benjamini-Hochberg over the networks whose own reference is another; NaN for
            those whose reference is the original, which claims judge, and where no seed has both.
        shown: whether that is at most alpha, with seeds enough.
        size: tests in the family.
    """

    difference: Estimate
    p_corrected: float = nan
    shown: bool = False
    size: int = 0


@judgement
def losses(study: Study) -> dict[tuple[str, str], LessOriginal]:
    """By (model, method): a secondary outcome, whose discoveries are counted and which words do not judge."""
    outcome, judged = primary_less_original(study), {}
    for model in study.models:
        labels = [variant.label for variant in study.plan.methods]
        found = {label: outcome.difference(study, model, label) for label in labels}
        differences = {label: each for label, each in found.items() if each is not None and each.n}
        others = [label for label in differences if primary(study).reference_of(study, model, label) != ORIGINAL]
        tested = benjamini_hochberg(
            [t_of(differences[label]).p for label in others], family=f"methods on {model}", alpha=study.plan.alpha
        )
        corrected_p = dict(zip(others, tested.p, strict=True))
        for label, difference in differences.items():
            p, few = corrected_p.get(label, nan), withheld(difference.n, study.plan.alpha) if study.withholds else ""
            judged[model, label] = LessOriginal(difference, p, p <= study.plan.alpha and not few, tested.size)
    return judged


def to_tell(claims: Iterable[Claim]) -> list[Needed]:
    """What each claim would need, of those that need more than they have: there the spread stands in the way."""
    needed = [(claim.raw.n, claim.needed) for claim in claims]
    return [found for n, found in needed if found is not None and (found.seeds is None or found.seeds > n)]
