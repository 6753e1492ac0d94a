"""Which variants lead: all that are not shown to be worse than another one (Hsu 1981)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.statistics.all_pairs import crossed_pairs
from bench.statistics.arrays import difference, fraction, one_value_a_seed, tied
from bench.statistics.tests import paired_t_of_rows, smallest_attainable_p

OVER_SEEDS = "paired t over seeds"
CROSSED = "t, paired, seeds and test images crossed"


@dataclass(frozen=True, slots=True)
class LeadingSet:
    """The best variant and all that are not shown to be worse.

    Attributes:
        best: the variant that was chosen, or that has the best mean over seeds; empty if none has a value.
        members: the best and all that the tests do not show to be worse than another, in the caller's order; one that
            was chosen without these values may be shown to be worse, and is no member then.
        bold: what a table may print in bold: `members`, or nothing if `withheld`.
        p: per variant, corrected, of being as good as all others; NaN for the untested.
        untested: variants that share fewer than two seeds with the best.
        n: seeds of the best.
        smallest_attainable_p: of the sign-flip test with n seeds.
        withheld: whether n seeds could never reach alpha, so that nothing may be printed in bold.
        alpha: level.
        test: test and correction in words for a caption.
        why_withheld: one sentence if nothing may be printed in bold, else empty.
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


# Hsu's multiple comparisons with the best: a variant is left out if some other one is shown to be better, by a
# one-sided paired t test over seeds, corrected by Holm over all that it is compared with. The truly best variant is
# kept with probability 1 - alpha at least, since all null hypotheses of its tests are true. Testing everyone against
# the observed best would throw out the true best too often, because the observed best is a lucky one.
def leading_set(
    values: Mapping[str, ArrayLike],
    *,
    chosen: str = "",
    pairs: Pairs | None = None,
    larger_is_better: bool = True,
    alpha: float = 0.05,
    family: str = "",
) -> LeadingSet:
    """Every variant that no other is shown to beat, and the one that leads them.

    Args:
        values: (S,) values per variant, with the seeds in the same order for all; NaN for a missing seed.
        chosen: the variant that leads, if it was chosen without these values, e.g. on validation images; default the
            one with the best mean.
        pairs: tests of all pairs of these variants, and maybe of more; default those of `values`, over seeds.

    Raises:
        InputError: the variants differ in their number of seeds.
    """
    fraction(alpha, "alpha")
    table = {name: one_value_a_seed(over_seeds, name) for name, over_seeds in values.items()}
    if len({len(over_seeds) for over_seeds in table.values()}) > 1:
        raise InputError("leading_set: every variant needs one place per seed (NaN where it is missing).")
    best = chosen or _best(table, larger_is_better)
    n = int(np.isfinite(table[best]).sum()) if best else 0
    pairs = pairs or compared(table, larger_is_better=larger_is_better)
    p = _chances(pairs, tuple(table))
    untested = tuple(name for name in table if best and name != best and _shared(table[name], table[best]) < 2)
    beaten = {name for name in table if p[name] <= alpha and (chosen or name != best)}
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
        test=_caption(len(table) - 1, pairs.test, family, alpha),
        why_withheld=_withheld_sentence(n, floor, alpha) if withheld else "",
    )


@dataclass(frozen=True)
class Pairs:
    """Tests of all pairs of variants.

    Attributes:
        names: of the variants.
        p: (k, k) one-sided, that the column's variant is better than the row's; NaN where there is no test.
        test: in words for a caption.
    """

    names: tuple[str, ...]
    p: np.ndarray
    test: str


def compared(
    values: Mapping[str, ArrayLike],
    tables: Mapping[str, np.ndarray] | None = None,
    *,
    larger_is_better: bool = True,
) -> Pairs:
    """Test every pair of variants.

    Args:
        values: (S,) per variant.
        tables: (S, n) per variant, seeds and test images; with them, both are crossed in the tests.
    """
    # All pairs are tested at once, two-sided, and split by the mean's sign.
    names = tuple(values)
    sign = 1.0 if larger_is_better else -1.0
    first, second = np.triu_indices(len(names), k=1)
    one_sided = np.full((len(names), len(names)), np.nan)
    if tables is not None:
        found = crossed_pairs(np.stack([tables[name] for name in names]))
        means, both = sign * found.value, found.p
    elif len(names) > 1:
        rows = sign * np.stack([one_value_a_seed(values[name], name) for name in names])
        differences = difference(rows[first], rows[second])
        both, means = paired_t_of_rows(differences), _means(differences)
    if len(names) > 1:
        one_sided[first, second] = np.where(means < 0, both / 2, 1 - both / 2)
        one_sided[second, first] = np.where(means > 0, both / 2, 1 - both / 2)
    return Pairs(names, one_sided, CROSSED if tables is not None else OVER_SEEDS)


def _chances(pairs: Pairs, names: tuple[str, ...]) -> dict[str, float]:
    """Per variant the smallest p against any other that may be better, times their number (Holm's first step)."""
    # Only whether *some* other variant is better decides, so Holm's first step, Bonferroni on the smallest p, is all of
    # Holm that is needed.
    rows = [pairs.names.index(name) for name in names]
    chances = {}
    for name, against_others in zip(names, pairs.p[np.ix_(rows, rows)]):
        tested = against_others[np.isfinite(against_others)]
        chances[name] = min(1.0, float(tested.min()) * len(tested)) if len(tested) else float("nan")
    return chances


def _means(rows: np.ndarray) -> np.ndarray:
    present = np.isfinite(rows)
    with np.errstate(invalid="ignore"):
        return np.where(present, rows, 0.0).sum(axis=1) / present.sum(axis=1)


def _best(table: Mapping[str, np.ndarray], larger_is_better: bool) -> str:
    # Variants with less than half as many seeds as the fullest cannot be the best, or one lucky seed would lead.
    counts = {name: int(np.isfinite(over_seeds).sum()) for name, over_seeds in table.items()}
    most = max(counts.values(), default=0)
    if not most:
        return ""
    sign = 1.0 if larger_is_better else -1.0
    full = [name for name in table if 2 * counts[name] >= most and counts[name] >= min(most, 2)]
    means = tied([sign * float(np.nanmean(table[name])) for name in full])[0]
    return full[int(np.argmax(means))]  # the first of those whose means are equal, whatever their last digits


def _shared(first: np.ndarray, second: np.ndarray) -> int:
    return int((np.isfinite(first) & np.isfinite(second)).sum())


def _caption(others: int, test: str, family: str, alpha: float) -> str:
    if others < 1:
        return "no other variant to test against"
    return (
        f"no other of the {others + 1} {family or 'variants'} is shown to be better. The test: one-sided {test}, "
        f"Holm over the {others} others. What is truly best is kept in {100 * (1 - alpha):g}% of experiments (Hsu 1981)"
    )


def _withheld_sentence(n: int, floor: float, alpha: float) -> str:
    seeds = f"{n} seed{'s' * (n != 1)}"
    return f"With {seeds} the smallest attainable p is {floor:.3g}, above {alpha:g}: nothing is set in bold."
