"""What is claimed of each compressed network, and the tests that the claims stand on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from bench.statistics.equivalence import Verdict, assess_estimate, corrected
from bench.statistics.estimate import Estimate
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
