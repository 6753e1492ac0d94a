"""Same, changed, or can't tell: two one-sided tests against a margin, beside the test of a difference."""

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
from bench.statistics.tests import smallest_attainable_p, t_of

Word = Literal["same", "changed", "can't tell"]

SAME: Word = "same"
CHANGED: Word = "changed"
CANT_TELL: Word = "can't tell"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict on a difference, given a margin fixed beforehand.

    Attributes:
        word: "same", "changed" or "can't tell".
        value: mean difference over seeds.
        low, high: the interval that decides the word: within the margins exactly if it is "same", without 0 if it is
            "changed", neither if it is "can't tell". NaN if none decides: the word is withheld, or no seed differs from
            another and the sign flip leaves it open.
        confidence: nominal coverage of that interval, after the correction.
        margin: the same is |difference| < margin.
        alpha: level of both tests.
        p_different: two-sided, of no difference.
        p_lower, p_upper: one-sided, of a difference of -margin or less, and of margin or more.
        p_equivalent: the larger of the two, or its corrected value.
        n: number of units; `unit` is "seed", or "image" if a single seed leaves nothing to test.
        standard_error, df: behind every t of this verdict.
        sd: standard deviation between seeds implied by the standard error (× √n), as `power` takes it; NaN for images
            and if every seed gave the same value.
        test: both tests in words for a caption.
        correction: of the two p values behind `word`, in words; "none" before `corrected`.
        withheld: why no word may be given at this number of seeds; empty if one may.
        reason: one sentence if nothing can be told or the verdict needs care, else empty.
        estimand: what the difference is between.
    """

    word: Word
    value: float
    low: float
    high: float
    confidence: float
    margin: float
    alpha: float
    p_different: float
    p_lower: float
    p_upper: float
    p_equivalent: float
    n: int
    unit: str
    standard_error: float
    df: float
    sd: float
    test: str
    correction: str = "none"
    withheld: str = ""
    reason: str = ""
    estimand: str = ""

    @property
    def differs(self) -> bool:
        """Whether a difference is shown, be it within the margin or not."""
        return not self.withheld and self.p_different <= self.alpha

    def as_dict(self) -> dict[str, float | int | str]:
        """All fields, ready for JSON or a table row."""
        return asdict(self)


def assess(
    differences: ArrayLike, margin: float, *, alpha: float = 0.05, withhold: bool = True, estimand: str = ""
) -> Verdict:
    """The verdict over seeds alone: paired t, and two one-sided paired t tests (Schuirmann 1987).

    >>> assess([0.01, -0.02, 0.00, 0.02, -0.01, 0.01], margin=0.5).word
    'same'

    Args:
        differences: (S,) one difference per seed, for example A(original, compressed) - A(original, control); NaN for
            a seed without one.
        margin: differences below it do not matter; in the same unit, above 0, fixed before the run.
        withhold: see `assess_estimate`.
    """
    return assess_estimate(seed_mean(differences, estimand=estimand), margin, alpha=alpha, withhold=withhold)


# A large p of the t test is no evidence of "the same": with few seeds everything has one. TOST turns the hypotheses
# round (Schuirmann 1987): the nulls are a difference of at least the margin on either side, and both must be rejected,
# each at alpha, so that p is the larger of the two. No correction is due for two tests: only one of the nulls can be
# true. It is the same as asking whether the 1 - 2 alpha interval lies between the margins, which is why that interval
# is drawn. Difference and equivalence are two questions with two answers: a small difference over many seeds may be
# both, and is then called the same.
def assess_estimate(estimate: Estimate, margin: float, *, alpha: float = 0.05, withhold: bool = True) -> Verdict:
    """The verdict from a mean difference, its standard error and df, for example of seeds and images combined.

    Fewer than two seeds give "can't tell", with the reason. If every seed gave the same difference, the exact
    sign-flip test replaces t.

    Args:
        withhold: whether so few seeds that the sign flip cannot reach alpha are always "can't tell"; turned off only to
            simulate what would happen otherwise.
    """
    margin, alpha = positive(margin, "margin"), fraction(alpha, "alpha")
    difference = t_of(estimate)
    lower = t_of(estimate, null=-margin, alternative="greater")
    upper = t_of(estimate, null=margin, alternative="less")
    p_equivalent = float(np.maximum(lower.p, upper.p))
    verdict = Verdict(
        word=CANT_TELL,
        value=estimate.value,
        low=float("nan"),
        high=float("nan"),
        confidence=float("nan"),
        margin=margin,
        alpha=alpha,
        p_different=difference.p,
        p_lower=lower.p,
        p_upper=upper.p,
        p_equivalent=p_equivalent,
        n=estimate.n,
        unit=estimate.unit,
        standard_error=estimate.standard_error if estimate.unit == "seed" else float("nan"),
        df=estimate.df,
        sd=_spread(estimate),
        test=f"two-sided {_name(difference.test)} and two one-sided tests (TOST); {estimate.interval}",
        withheld=withheld(estimate.n if estimate.unit == "seed" else 1, alpha) if withhold else "",
        reason=difference.warning,
        estimand=estimate.estimand,
    )
    decided = _decided(verdict, difference.p, p_equivalent, alpha, alpha)
    return replace(decided, reason=joined(decided.reason, _why(decided)))


def withheld(seeds: int, alpha: float) -> str:
    """Why no word may be given with so few seeds, in one sentence; empty if one may.

    Words rest on t, which assumes normal differences. Where even the sign-flip test, which assumes nothing, could not
    reach alpha were all signs the same, that assumption alone would decide.

    >>> withheld(5, 0.05), withheld(6, 0.05)
    ('With 5 seeds the smallest attainable p is 0.0625, above 0.05: no word is given.', '')
    """
    floor = smallest_attainable_p(seeds)
    if floor <= alpha:
        return ""
    count = f"{seeds} seed{'s' * (seeds != 1)}"
    return f"With {count} the smallest attainable p is {floor:.3g}, above {alpha:g}: no word is given."


def decide(p_different: float, p_equivalent: float, alpha: float) -> Word:
    """The verdict's word from the p values of the two questions; NaN answers neither."""
    if p_equivalent <= alpha:
        return SAME
    return CHANGED if p_different <= alpha else CANT_TELL


def corrected(verdicts: list[Verdict], different: Corrected, equivalent: Corrected) -> list[Verdict]:
    """The verdicts after correction for their number: one `Corrected` for each of the two questions.

    >>> from bench.statistics.multiplicity import holm
    >>> first = [assess(seeds, 0.5) for seeds in ([0.1, 0.2, 0.1, 0.2, 0.1, 0.2], [0.2, -0.2, 0.3, -0.3, 0.4, -0.2])]
    >>> family = [holm([v.p_different for v in first]), holm([v.p_equivalent for v in first])]
    >>> [(verdict.word, verdict.differs) for verdict in corrected(first, *family)]
    [('same', True), ('same', False)]
    """
    after = []
    for index, verdict in enumerate(verdicts):
        decided = _decided(
            verdict, different.p[index], equivalent.p[index], different.levels[index], equivalent.levels[index]
        )
        lost = decided.word == CANT_TELL != verdict.word
        after.append(
            replace(
                decided,
                correction=_captions(different, equivalent),
                reason=joined(decided.reason, _UNDECIDED_CORRECTED if lost else ""),
            )
        )
    return after


_UNDECIDED = "Neither a difference nor its absence beyond the margin can be shown at this number of seeds."
_UNDECIDED_CORRECTED = "Not decided once corrected for the number of tests."


# A corrected test compares the raw p with a level of its own, and the interval that decides is that of this level: 1 -
# 2 level for TOST, 1 - level for the difference. Where neither rejects, the wider of the two holds 0 and leaves the
# margins, since it contains both.
def _decided(
    verdict: Verdict, p_different: float, p_equivalent: float, level_different: float, level_equivalent: float
) -> Verdict:
    """The verdict with the word that these p values give, and the interval of the levels that they were tested at."""
    word = CANT_TELL if verdict.withheld else decide(p_different, p_equivalent, verdict.alpha)
    tails = {
        SAME: level_equivalent,
        CHANGED: level_different / 2,
        CANT_TELL: min(level_equivalent, level_different / 2),
    }
    low, high = _interval(verdict, word, tails[word])
    return replace(
        verdict,
        word=word,
        p_different=p_different,
        p_equivalent=p_equivalent,
        low=low,
        high=high,
        confidence=1 - 2 * tails[word] if np.isfinite(low) else float("nan"),
    )


def _interval(verdict: Verdict, word: Word, tail: float) -> tuple[float, float]:
    """Ends with `tail` beyond each; NaN if no interval decides."""
    # Without a spread there is no t, and a sign flip that decides nothing has no interval to show for it.
    if (
        verdict.withheld
        or not np.isfinite(verdict.standard_error)
        or (word == CANT_TELL and not verdict.standard_error)
    ):
        return float("nan"), float("nan")
    if verdict.standard_error == 0.0:
        return verdict.value, verdict.value
    half = float(stats.t.isf(tail, verdict.df)) * verdict.standard_error
    return verdict.value - half, verdict.value + half


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


def _why(verdict: Verdict) -> str:
    if verdict.withheld:
        return verdict.withheld
    tested = np.isfinite([verdict.p_different, verdict.p_equivalent]).all()
    return _UNDECIDED if verdict.word == CANT_TELL and tested else ""
