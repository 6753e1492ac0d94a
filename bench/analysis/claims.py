"""What is claimed of each compressed network, and the tests that the claims stand on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from bench.analysis.outcomes import Evidence, Outcome, outcomes
from bench.analysis.study import Study, judgement
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME, Verdict, assess_estimate, corrected
from bench.statistics.multiplicity import holm
from bench.statistics.power import seeds_for_equivalence
from bench.statistics.tests import Significance, sign_flip

LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


@dataclass(frozen=True)
class Claim:
    """One outcome of one method, with both questions answered and corrected for their number.

    Attributes:
        raw: before correction.
        verdict: after Holm over `family`.
        flip: the exact sign-flip test, beside the t test.
        family: what was corrected for, in words for a caption.
        size: tests in the family.
    """

    evidence: Evidence
    raw: Verdict
    verdict: Verdict
    flip: Significance
    family: str
    size: int

    @property
    def withheld(self) -> bool:
        """Whether so few seeds could never reach alpha, so that neither words nor stars are given."""
        return bool(self.verdict.withheld)

    @property
    def stars(self) -> str:
        """Stars of the difference's corrected p; empty if withheld."""
        p = self.verdict.p_different
        return "" if self.withheld else next((stars for level, stars in LEVELS if p <= level), "")

    @property
    def within(self) -> bool:
        """Whether the difference is shown to be smaller than the margin."""
        return self.verdict.word == SAME

    @property
    def differs(self) -> bool:
        """Whether a difference is shown, however small."""
        return self.verdict.differs

    @property
    def undecided(self) -> bool:
        """Whether neither a difference nor its absence beyond the margin is shown."""
        return self.verdict.word == CANT_TELL

    @property
    def worse(self) -> bool:
        """Whether it is shown to be below the reference, and not shown to be within the margin."""
        return self.verdict.word == CHANGED and self.evidence.difference.value < 0


@judgement
def claims(study: Study) -> dict[tuple[str, str, str], Claim]:
    """By (model, variant, outcome's key), methods only; one family of tests per model."""
    judged = {}
    for model in study.models:
        pairs = [(variant, outcome) for variant in study.plan.methods for outcome in outcomes(study)]
        evidence = (outcome.evidence(study, model, variant.label) for variant, outcome in pairs)
        for claim in judge(
            filter(None, evidence), study.plan.alpha, f"methods x outcomes of {model}", withhold=study.withholds
        ):
            judged[model, claim.evidence.variant, claim.evidence.outcome.key] = claim
    return judged


def claim_on(study: Study, model: str, variant: str, outcome: Outcome) -> Claim | None:
    """What is claimed of one network; None if it was not tested."""
    return claims(study).get((model, variant, outcome.key))


def claims_on(study: Study, outcome: Outcome, *models: str) -> list[Claim]:
    """The claims on one outcome in the order of models and methods; of all models unless some are named."""
    pairs = [(model, variant.label) for model in models or study.models for variant in study.plan.methods]
    return [claim for pair in pairs if (claim := claim_on(study, *pair, outcome))]


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


def seeds_to_tell(claims: Iterable[Claim]) -> list[float]:
    """How many seeds each claim would need, sorted, of the claims that need more than they have.

    Enough to show equivalence 8 times in 10, were there no difference, at the strictest level that Holm may ask for;
    infinite if 100,000 are too few. A claim whose spread is 0 or unknown is left out, and so is one with enough seeds:
    there the difference stands in the way.
    """
    spread = [claim for claim in claims if claim.raw.sd > 0]
    needed = ((claim.raw.n, _seeds_needed(claim)) for claim in spread)
    return sorted(wanted for n, wanted in needed if wanted > n)


def _seeds_needed(claim: Claim) -> float:
    # Holm tests the smallest p at alpha / size and the others at more: planning for that level is on the safe side.
    alpha = claim.raw.alpha / max(claim.size, 1)
    return seeds_for_equivalence(claim.raw.sd, claim.raw.margin, alpha=alpha) or inf
