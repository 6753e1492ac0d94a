"""Which variants lead: all that are not shown to be worse than another one (Hsu 1981).

A variant is left out where some other variant is shown to be better, by a one-sided paired t test over seeds after
Holm's correction over all that it is compared with. The best one, or each of several that are best alike, is kept with
a probability of at least 1 - alpha: whichever it is, all of its own tests are true null hypotheses. That the best mean
is sought in the same data spoils nothing, since no test starts from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.statistics.arrays import fraction, one_value_a_seed
from bench.statistics.tests import paired_t_of_rows, smallest_attainable_p


@dataclass(frozen=True, slots=True)
class LeadingSet:
    """The best variant and those that are not shown to be worse.

    Attributes:
        best: highest mean over seeds; empty where nothing has a value.
        members: the best and all that the tests do not show to be worse than another, in the order given.
        bold: what a table may print in bold: `members`, or nothing where `withheld`.
        p: of each variant, corrected, that it is as good as all others; NaN for the untested.
        untested: variants that share fewer than two seeds with the best.
        n: seeds of the best.
        smallest_attainable_p: of the sign-flip test with n seeds.
        withheld: whether n seeds could never reach alpha, so that nothing may be set in bold.
        alpha: level.
        test: test and correction in words for a caption.
        why_withheld: one sentence where nothing may be set in bold, else empty.
    """

    best: str
    members: tuple[str, ...]
    bold: tuple[str, ...]
    p: dict[str, float]
    untested: tuple[str, ...]
    n: int
    smallest_attainable_p: float
    withheld: bool
    alpha: float
    test: str
    why_withheld: str = ""

    def as_dict(self) -> dict[str, object]:
        """All fields, ready for JSON."""
        return asdict(self)


def leading_set(
    values: Mapping[str, ArrayLike], *, larger_is_better: bool = True, alpha: float = 0.05, family: str = ""
) -> LeadingSet:
    """Every variant that no other is shown to beat, and the one with the best mean.

    The best is sought among the variants that have at least half as many seeds as the fullest, lest one lucky seed
    lead.

    Args:
        values: variant to (S,) values, in the same order of seeds for all; NaN where a seed is missing.

    Raises:
        InputError: variants with different numbers of seeds.
    """
    fraction(alpha, "alpha")
    table = {name: one_value_a_seed(each, name) for name, each in values.items()}
    if len({len(each) for each in table.values()}) > 1:
        raise InputError("leading_set: every variant needs one place a seed (NaN where it is missing).")
    best = _best(table, larger_is_better)
    n = int(np.isfinite(table[best]).sum()) if best else 0
    p = _chances(table, larger_is_better)
    untested = tuple(name for name in table if best and name != best and _shared(table[name], table[best]) < 2)
    beaten = {name for name in table if p[name] <= alpha and name != best}
    members = tuple(name for name in table if best and name not in beaten and name not in untested)
    floor = smallest_attainable_p(n)
    withheld = floor > alpha
    return LeadingSet(
        best=best,
        members=members,
        bold=() if withheld else members,
        p=p,
        untested=untested,
        n=n,
        smallest_attainable_p=floor,
        withheld=withheld,
        alpha=alpha,
        test=_caption(len(table) - 1, family, alpha),
        why_withheld=_withheld_sentence(n, floor, alpha) if withheld else "",
    )


def _chances(table: Mapping[str, np.ndarray], larger_is_better: bool) -> dict[str, float]:
    """Of each variant the smallest p against any other that may be better, times their number (Holm's first step)."""
    names = list(table)
    if len(names) < 2:
        return dict.fromkeys(names, float("nan"))
    rows = np.stack([table[name] for name in names]) * (1.0 if larger_is_better else -1.0)
    first, second = np.triu_indices(len(names), k=1)
    differences = rows[first] - rows[second]
    both = paired_t_of_rows(differences)
    means = _means(differences)
    one_sided = np.full((len(names), len(names)), np.nan)
    one_sided[first, second] = np.where(means < 0, both / 2, 1 - both / 2)
    one_sided[second, first] = np.where(means > 0, both / 2, 1 - both / 2)
    found = {}
    for name, own in zip(names, one_sided):
        tested = own[np.isfinite(own)]
        found[name] = min(1.0, float(tested.min()) * len(tested)) if len(tested) else float("nan")
    return found


def _means(rows: np.ndarray) -> np.ndarray:
    known = np.isfinite(rows)
    with np.errstate(invalid="ignore"):
        return np.where(known, rows, 0.0).sum(axis=1) / known.sum(axis=1)


def _best(table: Mapping[str, np.ndarray], larger_is_better: bool) -> str:
    counts = {name: int(np.isfinite(each).sum()) for name, each in table.items()}
    most = max(counts.values(), default=0)
    if not most:
        return ""
    sign = 1.0 if larger_is_better else -1.0
    full = [name for name in table if 2 * counts[name] >= most and counts[name] >= min(most, 2)]
    return max(full, key=lambda name: sign * float(np.nanmean(table[name])))


def _shared(first: np.ndarray, second: np.ndarray) -> int:
    return int((np.isfinite(first) & np.isfinite(second)).sum())


def _caption(others: int, family: str, alpha: float) -> str:
    if others < 1:
        return "no other variant to test against"
    return (
        f"no other of the {others + 1} {family or 'variants'} is shown to be better (one-sided paired t over seeds, "
        f"Holm over the {others} others; what is truly best is kept in {100 * (1 - alpha):g}% of experiments, Hsu 1981)"
    )


def _withheld_sentence(n: int, floor: float, alpha: float) -> str:
    seeds = f"{n} seed{'s' * (n != 1)}"
    return f"With {seeds} the smallest attainable p is {floor:.3g}, above {alpha:g}: nothing is set in bold."
