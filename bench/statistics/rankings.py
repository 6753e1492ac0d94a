"""Ranking methods across models: Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.errors import InputError
from bench.statistics.arrays import fraction, joined, tied

FEWEST = 5  # models below which ranks say nothing
ENOUGH = 10  # with more models than this, chi-squared is near Friedman's statistic (Demšar 2006, section 3.2.2)
CAPTION = "Friedman's test over models, Nemenyi's critical difference"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Mean ranks of methods, and how far apart two must be.

    Fewer than five models, and models so few that no two methods could ever be told apart, are not ranked: then
    `methods`, `mean_ranks` and `groups` are empty, p is NaN, and `note` says why.

    Attributes:
        methods: best mean rank first; empty if nothing is ranked.
        mean_ranks: in the order of `methods`; 1 is best.
        critical_difference: mean ranks closer than this cannot be told apart (Nemenyi); NaN without a ranking.
        groups: the longest runs of methods that cannot be told apart, for the bars of a diagram.
        p: of Friedman's test that all methods rank alike; NaN if it cannot be made.
        smallest_attainable_p: Friedman's p if every model ranked the methods the same way.
        n: models ranked.
        unit: "model".
        left_out: models that lack a value of some method.
        alpha: level.
        test: in words for a caption.
        note: one sentence if the ranking must be read with care, or why there is none, else empty.
    """

    methods: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    critical_difference: float
    groups: tuple[tuple[str, ...], ...]
    p: float
    smallest_attainable_p: float
    n: int
    unit: str
    left_out: int
    alpha: float
    test: str = CAPTION
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        """All fields, ready for JSON."""
        return asdict(self)


def rank_methods(values: Mapping[str, ArrayLike], *, larger_is_better: bool = True, alpha: float = 0.05) -> Ranking:
    """Rank methods within each model and compare their mean ranks (Demšar 2006).

    Args:
        values: (M,) values per method, one per model (the mean over its seeds), the models in the same order for all;
            NaN if a model lacks the method, which leaves that model out. Values equal up to rounding share their rank.

    Raises:
        InputError: there are fewer than two methods, or they differ in their number of models.
    """
    names = tuple(values)
    columns = [np.asarray(values[name], dtype=np.float64) for name in names]
    if len(names) < 2 or len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise InputError("rank_methods: expected two methods or more, each with one value per model.")
    table = np.stack(columns, axis=1)
    complete = table[np.isfinite(table).all(axis=1)]
    ranks = stats.rankdata(tied(-complete if larger_is_better else complete), axis=1)
    left_out = len(table) - len(complete)
    return _ranking(names, ranks, left_out, fraction(alpha, "alpha"))


def critical_difference(methods: int, models: int, *, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of mean ranks: q √(k(k+1)/(6N)), q a quantile of the studentized range over √2.

    >>> round(critical_difference(5, 30), 2)
    1.11
    """
    quantile = float(stats.studentized_range.ppf(1 - fraction(alpha, "alpha"), methods, np.inf)) / np.sqrt(2)
    return float(quantile * np.sqrt(methods * (methods + 1) / (6 * models)))


def _ranking(names: tuple[str, ...], ranks: np.ndarray, left_out: int, alpha: float) -> Ranking:
    models, methods = ranks.shape
    means = ranks.mean(axis=0) if models else np.full(methods, np.nan)
    order = np.argsort(means, kind="stable")
    ordered, sorted_means = tuple(names[i] for i in order), means[order]
    gap = critical_difference(methods, models, alpha=alpha) if models else float("nan")
    floor = float(stats.chi2.sf(models * (methods - 1), methods - 1)) if models else 1.0
    why_none = _why_none(models, methods, gap)
    if why_none:
        note = joined(_left_out_sentence(left_out), why_none)
        return Ranking((), (), gap, (), float("nan"), floor, models, "model", left_out, alpha, note=note)
    return Ranking(
        methods=ordered,
        mean_ranks=tuple(sorted_means.tolist()),
        critical_difference=gap,
        groups=_groups(ordered, sorted_means, gap) if models else (),
        p=_friedman(ranks),
        smallest_attainable_p=floor,
        n=models,
        unit="model",
        left_out=left_out,
        alpha=alpha,
        note=joined(_left_out_sentence(left_out), _floor_sentence(models, floor, alpha) or _rough_sentence(models)),
    )


def _friedman(ranks: np.ndarray) -> float:
    """p of Friedman's chi-squared, corrected for ties; 1 if every model ties all methods."""
    models, methods = ranks.shape
    if models < 2:
        return float("nan")
    # Spread of the mean ranks over the spread of ranks within models. Without ties the latter is k(k + 1)/12, which
    # gives the textbook's 12N/(k(k + 1)) Σ(R̄ - (k + 1)/2)²; ties make it smaller, and dividing by it corrects for them.
    between = models * ((ranks.mean(axis=0) - (methods + 1) / 2) ** 2).sum()
    within = ((ranks - (methods + 1) / 2) ** 2).sum() / (models * (methods - 1))
    return float(stats.chi2.sf(between / within, methods - 1)) if within else 1.0


def _groups(names: tuple[str, ...], means: np.ndarray, gap: float) -> tuple[tuple[str, ...], ...]:
    """Longest runs of neighbours in rank within one critical difference, none inside another."""
    # Means are sorted, so a run ends where the gap from its start exceeds the critical difference.
    ends = [int(np.searchsorted(means, mean + gap, side="right")) for mean in means]
    runs = [(start, end) for start, end in enumerate(ends) if end - start > 1]
    return tuple(names[start:end] for start, end in runs if not any(s < start and e >= end for s, e in runs))


def _why_none(models: int, methods: int, gap: float) -> str:
    """Why methods are not ranked; empty if they are."""
    # Mean ranks differ by k - 1 at most: where the critical difference is larger, the diagram could only ever show that
    # nothing can be told, whatever the methods are (23.3 of 21 for 22 methods on two models).
    if models < FEWEST:
        return f"Methods are ranked over {FEWEST} models or more, not over {models}."
    if gap > methods - 1:
        return (
            f"Methods are not ranked: over {models} models mean ranks must differ by {gap:.1f}, and {methods} methods "
            f"can differ by {methods - 1} at most."
        )
    return ""


def _left_out_sentence(left_out: int) -> str:
    return f"{left_out} model{'s' * (left_out != 1)} without a value of every method left out." if left_out else ""


def _rough_sentence(models: int) -> str:
    if models > ENOUGH:
        return ""
    return f"Friedman's p is an approximation that wants more than {ENOUGH} models: over {models} it only describes."


def _floor_sentence(models: int, floor: float, alpha: float) -> str:
    if floor <= alpha:
        return ""
    number = f"{models} model{'s' * (models != 1)}"
    return f"With {number} the smallest attainable p is {floor:.2g}, above {alpha:g}: no ranking can be significant."
