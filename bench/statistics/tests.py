"""Is there a difference at all? Paired tests over seeds, and the permutation test for a similarity above zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from bench.errors import InputError
from bench.statistics.arrays import ROUNDING, all_identical, difference, joined, one_value_a_seed
from bench.statistics.estimate import Estimate

Alternative = Literal["two-sided", "greater", "less"]

LARGEST_EXACT = 16  # seeds; 2^16 sign patterns are counted in milliseconds
BLOCK = 4096  # patterns drawn at a time


@dataclass(frozen=True, slots=True)
class Significance:
    """A test's outcome and what a caption must say about it.

    Attributes:
        p: NaN if the test cannot be made, with the reason in `warning`.
        statistic: t, or the mean difference of the sign flip, or the similarity of the permutation.
        n: number of independent units behind it (see `unit`).
        unit: "seed" or "image".
        test: in words for a caption.
        alternative: "two-sided", "greater" or "less".
        smallest_attainable_p: of the permutation test that was made or, for t, of the sign-flip test with as many
            seeds: a t below it rests on normality alone. 1 if nothing is tested.
        df: degrees of freedom; NaN if the test has none.
        warning: one sentence if the p must be read with care, else empty.
        estimand: what is tested against zero.
    """

    p: float
    statistic: float
    n: int
    unit: str
    test: str
    alternative: Alternative = "two-sided"
    smallest_attainable_p: float = 0.0
    df: float = float("nan")
    warning: str = ""
    estimand: str = ""

    def as_dict(self) -> dict[str, float | int | str]:
        """All fields, ready for JSON or a table row."""
        return asdict(self)


def smallest_attainable_p(seeds: int, alternative: Alternative = "two-sided") -> float:
    """The smallest p that the sign-flip test can have with this many seeds: 2^(1-S), or 2^-S one-sided.

    >>> smallest_attainable_p(5), smallest_attainable_p(6)
    (0.0625, 0.03125)
    """
    if seeds < 1:
        return 1.0
    return 2.0 ** (1 - seeds) if alternative == "two-sided" else 2.0**-seeds


def paired_t(
    differences: ArrayLike, *, null: float = 0.0, alternative: Alternative = "two-sided", estimand: str = ""
) -> Significance:
    """Student's paired t test over seeds.

    If all differences are the same number, t is undefined, and the exact sign-flip test takes its place.

    Args:
        differences: (S,) one difference per seed; NaN for a seed without one. Infinite ones are left out with a
            warning.
        null: the mean difference under the null hypothesis.
    """
    shifted = difference(_present(differences), null)
    n, infinite = len(shifted), _infinite(differences)
    floor = smallest_attainable_p(n, alternative)
    if n < 2:
        warning = joined(infinite, f"{n} seed{'s' * (n != 1)}: a paired t test needs two.")
        return Significance(_NAN, _NAN, n, "seed", "paired t", alternative, floor, warning=warning, estimand=estimand)
    if all_identical(shifted):
        flipped = sign_flip(shifted, alternative=alternative, estimand=estimand)
        reason = "All differences are the same, t is undefined, and the exact sign-flip test stands in its place."
        return _with_warning(flipped, joined(infinite, reason))
    result = stats.ttest_1samp(shifted, 0.0, alternative=alternative)
    return Significance(
        float(result.pvalue),
        float(result.statistic),
        n,
        "seed",
        "paired t",
        alternative,
        floor,
        n - 1.0,
        infinite,
        estimand,
    )


def paired_t_of_rows(differences: ArrayLike) -> np.ndarray:
    """Two-sided p of `paired_t` for each row of (m, S) differences at once: (m,), NaN with fewer than two seeds."""
    table = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    present = np.isfinite(table)
    n = present.sum(axis=1)
    filled = np.where(present, table, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=1) / n
        squares = np.where(present, (table - mean[:, None]) ** 2, 0.0).sum(axis=1)
        p = 2 * stats.t.sf(np.abs(mean) / np.sqrt(squares / (n - 1) / n), n - 1)
    for row in np.flatnonzero(np.isfinite(p) | (n >= 2)):
        differences_of_row = table[row, present[row]]
        if all_identical(differences_of_row):
            p[row] = sign_flip(differences_of_row).p
    p[n < 2] = np.nan
    return p


def t_of(estimate: Estimate, *, null: float = 0.0, alternative: Alternative = "two-sided") -> Significance:
    """The t test that belongs to an interval over seeds, for example one that includes the images' variance.

    An estimate from images alone is not tested (p is NaN): images are no replication of the training.
    """
    test = "t from the interval's standard error"
    floor = smallest_attainable_p(estimate.n, alternative) if estimate.unit == "seed" else 1.0
    usable = (
        estimate.unit == "seed" and estimate.n >= 2 and np.isfinite([estimate.value, estimate.standard_error]).all()
    )
    if not usable:
        warning = "Fewer than two seeds: images are no replication of the training, so no test is made."
        return Significance(
            _NAN, _NAN, estimate.n, estimate.unit, test, alternative, floor, warning=warning, estimand=estimate.estimand
        )
    shift = float(difference(estimate.value, null))
    if estimate.standard_error == 0.0:
        return paired_t(np.full(estimate.n, shift), alternative=alternative, estimand=estimate.estimand)
    t = shift / estimate.standard_error
    p = _t_tail(t, estimate.df, alternative)
    return Significance(
        p, t, estimate.n, "seed", test, alternative, floor, estimate.df, estimate.warning, estimate.estimand
    )


# If training with and without the method were the same, every seed's difference could as well have had the other sign.
# The p value is the share of the 2^S sign patterns whose mean is at least as extreme as the observed one, without any
# assumption of normality. The observed pattern and its mirror image always count, so a two-sided p is at least 2^(1-S),
# and five seeds can never reach 0.05. Sums equal up to rounding count as extreme, or p would depend on their order.
def sign_flip(
    differences: ArrayLike,
    *,
    alternative: Alternative = "two-sided",
    draws: int = 100_000,
    seed: int = 0,
    estimand: str = "",
) -> Significance:
    """Sign-flip permutation test of the mean difference over seeds (Fisher's randomisation test).

    For up to 16 seeds all 2^S sign patterns are counted and p is exact. For more, p = (1 + hits)/(1 + draws) over
    `draws` random patterns, and `test` names the seed they were drawn with.
    """
    values = _present(differences)
    n = len(values)
    floor = smallest_attainable_p(n, alternative)
    if n == 0:
        return Significance(_NAN, _NAN, 0, "seed", "sign-flip", alternative, floor, warning="No seed has a value.")
    observed = float(_extremeness(np.asarray(values.sum()), alternative))
    tolerance = ROUNDING * np.abs(values).sum()
    if n <= LARGEST_EXACT:
        hits = _extremeness(_all_signs(n) @ values, alternative) >= observed - tolerance
        p, test = float(hits.mean()), f"exact sign-flip, all {2**n} patterns"
    else:
        hits_drawn = _drawn_hits(values, observed - tolerance, alternative, draws, seed)
        p = (1 + hits_drawn) / (1 + draws)
        test, floor = f"sign-flip, {draws} random patterns (seed {seed})", 1 / (1 + draws)
    warning = _infinite(differences)
    mean = float(values.mean())
    return Significance(p, mean, n, "seed", test, alternative, floor, warning=warning, estimand=estimand)


def row_permutation(
    similarity: Callable[[np.ndarray], float], n: int, *, draws: int = 999, seed: int = 0, estimand: str = ""
) -> Significance:
    """Is a similarity of two layers above zero? Permutes which image of one side belongs to which of the other.

    Args:
        similarity: the measure's value, larger meaning more similar, for an order of the second side's rows, a
            permutation (n,) of 0 to n-1; the identity returns the observed value.
        n: number of images.
        draws: random permutations; p = (1 + hits)/(1 + draws).

    Returns:
        One-sided p with unit "image": it is about these two networks, not about another training.
    """
    # An interval cannot answer this: for unrelated layers HSIC's U-statistic is degenerate (to first order no image has
    # any influence), and its jackknife variance does not hold. The observed order counts as one of the draws, which
    # makes p valid for any number of them.
    if n < 2 or draws < 1:
        raise InputError(f"row_permutation: expected n >= 2 and draws >= 1, not n = {n} and draws = {draws}.")
    observed = float(similarity(np.arange(n)))
    test = f"permutation of images, {draws} draws (seed {seed})"
    floor = 1 / (1 + draws)
    if not np.isfinite(observed):
        warning = "The similarity is not a number."
        return Significance(_NAN, observed, n, "image", test, "greater", floor, warning=warning, estimand=estimand)
    rng = np.random.default_rng(seed)
    tolerance = ROUNDING * max(1.0, abs(observed))
    hits = sum(float(similarity(rng.permutation(n))) >= observed - tolerance for _ in range(draws))
    return Significance((1 + hits) / (1 + draws), observed, n, "image", test, "greater", floor, estimand=estimand)


_NAN = float("nan")


def _present(differences: ArrayLike) -> np.ndarray:
    values = one_value_a_seed(differences, "differences")
    return values[np.isfinite(values)]


def _infinite(differences: ArrayLike) -> str:
    count = int(np.isinf(one_value_a_seed(differences, "differences")).sum())
    return f"{count} infinite difference{'s' * (count != 1)} left out." if count else ""


def _with_warning(outcome: Significance, reason: str) -> Significance:
    fields = {**asdict(outcome), "warning": joined(reason, outcome.warning)}
    return Significance(**fields)


# `stats.t.sf` gives the same bits, after checks of its arguments that take fifty times as long.
def _t_tail(t: float, df: float, alternative: Alternative) -> float:
    if alternative == "two-sided":
        return float(2 * special.stdtr(df, -abs(t)))
    return float(special.stdtr(df, -t if alternative == "greater" else t))


def _extremeness(total: np.ndarray, alternative: Alternative) -> np.ndarray:
    if alternative == "two-sided":
        return np.abs(total)
    return total if alternative == "greater" else -total


@lru_cache(4)  # the seeds of a profile are always as many
def _all_signs(n: int) -> np.ndarray:
    """(2^n, n) every pattern of -1 and 1."""
    patterns = np.arange(2**n)[:, None] >> np.arange(n)
    return 1.0 - 2.0 * (patterns & 1)


def _drawn_hits(values: np.ndarray, threshold: float, alternative: Alternative, draws: int, seed: int) -> int:
    rng = np.random.default_rng(seed)
    hits = 0
    for start in range(0, draws, BLOCK):
        signs = rng.integers(0, 2, size=(min(BLOCK, draws - start), len(values))) * 2.0 - 1.0
        hits += int((_extremeness(signs @ values, alternative) >= threshold).sum())
    return hits
