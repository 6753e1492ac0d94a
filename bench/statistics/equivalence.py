"""Same, different, or undecided: two one-sided tests against a margin, beside the test of a difference."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.statistics.arrays import fraction, joined, positive
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import NO_SPREAD, seed_mean
from bench.statistics.multiplicity import Corrected
from bench.statistics.tests import t_of

Word = Literal["different", "equivalent", "inconclusive", "different, by less than matters"]

DIFFERENT: Word = "different"
EQUIVALENT: Word = "equivalent"
INCONCLUSIVE: Word = "inconclusive"
DIFFERENT_BUT_SMALL: Word = "different, by less than matters"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict on a difference, given a margin fixed beforehand.

    Attributes:
        word: "different", "equivalent", "inconclusive" or "different, by less than matters".
        value: mean difference over seeds.
        low, high: its 1 - 2 alpha interval, inside the margins exactly if the uncorrected test says equivalent.
        margin: equivalence is |difference| < margin.
        alpha: level of both tests.
        p_different: two-sided, of no difference.
        p_lower, p_upper: one-sided, of a difference of -margin or less, and of margin or more.
        p_equivalent: the larger of the two, or its corrected value.
        n: number of units; `unit` is "seed", or "image" if a single seed leaves nothing to test.
        sd: standard deviation between seeds implied by the standard error (× √n), as `power` takes it; NaN for images
            and if every seed gave the same value.
        test: both tests in words for a caption.
        correction: of the two p values behind `word`, in words; "none" before `corrected`.
        reason: one sentence if the verdict is inconclusive or needs care, else empty.
        estimand: what the difference is between.
    """

    word: Word
    value: float
    low: float
    high: float
    margin: float
    alpha: float
    p_different: float
    p_lower: float
    p_upper: float
    p_equivalent: float
    n: int
    unit: str
    sd: float
    test: str
    correction: str = "none"
    reason: str = ""
    estimand: str = ""

    def as_dict(self) -> dict[str, float | int | str]:
        """All fields, ready for JSON or a table row."""
        return asdict(self)


def assess(differences: ArrayLike, margin: float, *, alpha: float = 0.05, estimand: str = "") -> Verdict:
    """The verdict over seeds alone: paired t, and two one-sided paired t tests (Schuirmann 1987).

    >>> assess([0.01, -0.02, 0.00, 0.02, -0.01, 0.01], margin=0.5).word
    'equivalent'

    Args:
        differences: (S,) one difference per seed, for example A(original, compressed) - A(original, control); NaN for
            a seed without one.
        margin: differences below it do not matter; in the same unit, above 0, fixed before the run.
    """
    return assess_estimate(seed_mean(differences, estimand=estimand), margin, alpha=alpha)


# A large p of the t test is no evidence of "the same": with few seeds everything has one. TOST turns the hypotheses
# round (Schuirmann 1987): the nulls are a difference of at least the margin on either side, and both must be rejected,
# each at alpha, so that p is the larger of the two. No correction is due for two tests: only one of the nulls can be
# true. It is the same as asking whether the 1 - 2 alpha interval lies between the margins, which is why that interval
# is drawn. Difference and equivalence are two questions with two answers: a small difference over many seeds may be
# both.
def assess_estimate(estimate: Estimate, margin: float, *, alpha: float = 0.05) -> Verdict:
    """The verdict from a mean difference, its standard error and df, for example of seeds and images combined.

    Fewer than two seeds give "inconclusive", with the reason. If every seed gave the same difference, the exact
    sign-flip test replaces t.
    """
    margin, alpha = positive(margin, "margin"), fraction(alpha, "alpha")
    difference = t_of(estimate)
    lower = t_of(estimate, null=-margin, alternative="greater")
    upper = t_of(estimate, null=margin, alternative="less")
    p_equivalent = float(np.maximum(lower.p, upper.p))
    low, high = _interval(estimate, alpha)
    word = decide(difference.p, p_equivalent, alpha)
    return Verdict(
        word=word,
        value=estimate.value,
        low=low,
        high=high,
        margin=margin,
        alpha=alpha,
        p_different=difference.p,
        p_lower=lower.p,
        p_upper=upper.p,
        p_equivalent=p_equivalent,
        n=estimate.n,
        unit=estimate.unit,
        sd=_spread(estimate),
        test=f"two-sided {_name(difference.test)} and two one-sided tests (TOST); {estimate.interval}",
        reason=joined(difference.warning, _why(word, difference.p, p_equivalent)),
        estimand=estimate.estimand,
    )


def decide(p_different: float, p_equivalent: float, alpha: float) -> Word:
    """The verdict's word from the p values of the two questions; NaN answers neither."""
    different, equivalent = p_different <= alpha, p_equivalent <= alpha
    if different and equivalent:
        return DIFFERENT_BUT_SMALL
    if different:
        return DIFFERENT
    return EQUIVALENT if equivalent else INCONCLUSIVE


def corrected(verdicts: list[Verdict], different: Corrected, equivalent: Corrected) -> list[Verdict]:
    """The verdicts after correction for their number: one `Corrected` for each of the two questions.

    >>> from bench.statistics.multiplicity import holm
    >>> first = [assess([0.1, 0.2, 0.15], 0.5), assess([0.0, 0.1, -0.1], 0.5)]
    >>> first[0].word
    'different, by less than matters'
    >>> family = [holm([v.p_different for v in first]), holm([v.p_equivalent for v in first])]
    >>> [verdict.word for verdict in corrected(first, *family)]
    ['equivalent', 'equivalent']
    """
    return [
        replace(
            verdict,
            word=decide(p_different, p_equivalent, verdict.alpha),
            p_different=p_different,
            p_equivalent=p_equivalent,
            correction=_captions(different, equivalent),
            reason=_reason_after(verdict, decide(p_different, p_equivalent, verdict.alpha)),
        )
        for verdict, p_different, p_equivalent in zip(verdicts, different.p, equivalent.p, strict=True)
    ]


_UNDECIDED = "Neither a difference nor its absence beyond the margin can be shown at this number of seeds."
_UNDECIDED_CORRECTED = "Not decided once corrected for the number of tests."


def _interval(estimate: Estimate, alpha: float) -> tuple[float, float]:
    if estimate.unit != "seed" or not np.isfinite(estimate.standard_error):
        return float("nan"), float("nan")
    if estimate.standard_error == 0.0:
        return estimate.value, estimate.value
    half = float(stats.t.ppf(1 - alpha, estimate.df)) * estimate.standard_error
    return estimate.value - half, estimate.value + half


def _spread(estimate: Estimate) -> float:
    # Seeds that agree by chance leave an error of the images alone, from which no spread of seeds can be told.
    if estimate.unit != "seed" or NO_SPREAD in estimate.warning:
        return float("nan")
    return estimate.standard_error * float(np.sqrt(estimate.n))


def _name(test: str) -> str:
    return "t test" if test.startswith("t from") else test


def _captions(different: Corrected, equivalent: Corrected) -> str:
    if different.caption == equivalent.caption:
        return different.caption
    return f"difference: {different.caption}; equivalence: {equivalent.caption}"


def _why(word: Word, p_different: float, p_equivalent: float) -> str:
    tested = np.isfinite([p_different, p_equivalent]).all()
    return _UNDECIDED if word == INCONCLUSIVE and tested else ""


def _reason_after(verdict: Verdict, word: Word) -> str:
    undecided_now = word == INCONCLUSIVE and verdict.word != INCONCLUSIVE
    return joined(verdict.reason, _UNDECIDED_CORRECTED if undecided_now else "")
