"""Which variants lead: all that cannot be told from the best one.

The best is found in the same data, so that tests against it alone would reject too often: of twelve equal variants one
is "worse than the best" in 13% of experiments. Holm's correction therefore runs over all pairs of variants, which the
choice of the best cannot spoil.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.statistics._arrays import fraction, joined, one_value_a_seed
from bench.statistics.multiplicity import holm
from bench.statistics.tests import paired_t_of_rows, smallest_attainable_p


@dataclass(frozen=True, slots=True)
class LeadingSet:
    """The best variant and those that cannot be told from it.

    Attributes:
        best: highest mean over seeds; empty where nothing has a value.
        members: the best and all that the tests do not tell from it, in the order given.
        bold: what a table may print in bold: `members`, or nothing where `withheld`.
        p: corrected p of each variant against the best; NaN for the best and for the untested.
        untested: variants that share fewer than two seeds with the best.
        n: seeds of the best.
        smallest_attainable_p: of the sign-flip test with n seeds.
        withheld: whether n seeds could never reach alpha, so that nothing may be set in bold.
        alpha: level.
        test: test and correction in words for a caption.
        note: one sentence where the set must be read with care, else empty.
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
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        """All fields, ready for JSON."""
        return asdict(self)


def leading_set(
    values: Mapping[str, ArrayLike], *, larger_is_better: bool = True, alpha: float = 0.05, family: str = ""
) -> LeadingSet:
    """Every variant that a paired t test over seeds, after Holm over all pairs, does not tell from the best mean.

    The best is sought among the variants with the most seeds, lest one lucky seed lead.

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
    others = [name for name in table if best and name != best]
    p, caption = _against(best, others, table, alpha, family) if others else ({}, "no other variant")
    untested = tuple(name for name in others if np.isnan(p[name]))
    told_apart = {name for name in others if p[name] <= alpha}
    members = tuple(name for name in table if best and name not in told_apart and name not in untested)
    floor = smallest_attainable_p(n)
    withheld = floor > alpha
    return LeadingSet(
        best=best,
        members=members,
        bold=() if withheld else members,
        p={name: p.get(name, float("nan")) for name in table},
        untested=untested,
        n=n,
        smallest_attainable_p=floor,
        withheld=withheld,
        alpha=alpha,
        test=f"paired t over seeds against the best mean, {caption}",
        note=joined(_withheld_sentence(n, floor, alpha) if withheld else "", _untested_sentence(untested)),
    )


def _against(
    best: str, others: list[str], table: Mapping[str, np.ndarray], alpha: float, family: str
) -> tuple[dict[str, float], str]:
    """p of each other variant against the best, corrected over all pairs; and the correction in words."""
    names = [best, *others]
    rows = np.stack([table[name] for name in names])
    first, second = np.triu_indices(len(names), k=1)
    raw = paired_t_of_rows(rows[first] - rows[second])
    correction = holm(raw, family=f"all pairs of {family or 'variants'}", alpha=alpha)
    return dict(zip(others, correction.p[: len(others)], strict=True)), correction.caption


def _best(table: Mapping[str, np.ndarray], larger_is_better: bool) -> str:
    counts = {name: int(np.isfinite(each).sum()) for name, each in table.items()}
    most = max(counts.values(), default=0)
    if not most:
        return ""
    sign = 1.0 if larger_is_better else -1.0
    fullest = [name for name in table if counts[name] == most]
    return max(fullest, key=lambda name: sign * float(np.nanmean(table[name])))


def _withheld_sentence(n: int, floor: float, alpha: float) -> str:
    seeds = f"{n} seed{'s' * (n != 1)}"
    return f"With {seeds} the smallest attainable p is {floor:.3g}, above {alpha:g}: nothing is set in bold."


def _untested_sentence(untested: tuple[str, ...]) -> str:
    return f"Not tested, for too few common seeds: {', '.join(untested)}." if untested else ""
