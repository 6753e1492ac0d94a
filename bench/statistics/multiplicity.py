"""Many tests at once: Holm if every claim must hold, Benjamini-Hochberg for lists of discoveries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.errors import InputError
from bench.statistics.arrays import fraction


@dataclass(frozen=True, slots=True)
class Corrected:
    """Corrected p values of one family.

    Attributes:
        p: corrected, in the caller's order; NaN if the raw p was.
        rejected: whether the corrected p is at most alpha, for every test.
        raw: the p values before correction.
        levels: what each raw p was compared with, so that a test rejects exactly if raw <= level; NaN for a missing p.
        correction: "Holm" or "Benjamini-Hochberg".
        family: what the family is, in words for a caption.
        size: tests in the family that have a p.
        left_out: tests without a p (NaN), which do not belong to the family.
        alpha: the level.
    """

    p: tuple[float, ...]
    rejected: tuple[bool, ...]
    raw: tuple[float, ...]
    levels: tuple[float, ...]
    correction: str
    family: str
    size: int
    left_out: int
    alpha: float

    @property
    def caption(self) -> str:
        """What a caption says of the correction."""
        members = f"{self.size} test{'s' * (self.size != 1)}"
        family = f" ({self.family})" if self.family else ""
        missing = f"; {self.left_out} without a p left out" if self.left_out else ""
        return f"{self.correction} over {members}{family}{missing}"

    def as_dict(self) -> dict[str, object]:
        """All fields, ready for JSON."""
        return asdict(self)


# Holm compares the i-th smallest of m p values with alpha/(m - i + 1) and stops at the first that fails; corrected,
# that is p times m, m - 1, ... with a running maximum. It holds whatever the tests' dependence. Benjamini and Hochberg
# bound the expected share of false ones among the rejected, for tests that are independent or positively dependent, as
# layers of one network tend to be: right for a list to look into, too weak for a headline.
def holm(p: ArrayLike, *, family: str = "", alpha: float = 0.05) -> Corrected:
    """Holm's step-down correction (1979): no false claim in the family, with probability at least 1 - alpha.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03]).p]
    [0.03, 0.06, 0.06]
    """
    return _corrected(p, _step_down, _holm_levels, "Holm", family, alpha)


def benjamini_hochberg(p: ArrayLike, *, family: str = "", alpha: float = 0.05) -> Corrected:
    """Benjamini and Hochberg's correction (1995): on average at most a share alpha of the rejections is false.

    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03]).p]
    [0.03, 0.04, 0.04]
    """
    return _corrected(p, stats.false_discovery_control, _one_level, "Benjamini-Hochberg", family, alpha)


def _step_down(p: np.ndarray) -> np.ndarray:
    """Holm's corrected p values."""
    # Written out because statsmodels' version collects all garbage at every call: 100 ms in a large process.
    order = np.argsort(p)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected


# Holm stops at the first test that fails: all that come later are retained at the level at which it stopped, which
# their p exceed too. Benjamini and Hochberg reject all p up to the largest i with p <= i alpha / m, and at its level.
def _holm_levels(p: np.ndarray, rejected: int, alpha: float) -> np.ndarray:
    """What Holm compares each p with, of which it rejects so many."""
    steps = np.minimum(np.arange(len(p)), rejected)
    levels = np.empty_like(p)
    levels[np.argsort(p)] = alpha / (len(p) - np.minimum(steps, len(p) - 1))
    return levels


def _one_level(p: np.ndarray, rejected: int, alpha: float) -> np.ndarray:
    """What Benjamini and Hochberg compare every p with, of which they reject so many."""
    return np.full(len(p), alpha * max(rejected, 1) / len(p))


def _corrected(
    p: ArrayLike,
    correct: Callable[[np.ndarray], np.ndarray],
    compared: Callable[[np.ndarray, int, float], np.ndarray],
    name: str,
    family: str,
    alpha: float,
) -> Corrected:
    fraction(alpha, "alpha")
    raw = np.asarray(p, dtype=np.float64).ravel()
    tested = ~np.isnan(raw)
    if ((raw[tested] < 0.0) | (raw[tested] > 1.0)).any():
        raise InputError(f"{name}: p values lie between 0 and 1, not {raw[tested].min()!r} to {raw[tested].max()!r}.")
    corrected, levels = np.full(len(raw), np.nan), np.full(len(raw), np.nan)
    if tested.any():
        corrected[tested] = correct(raw[tested])
        levels[tested] = compared(raw[tested], int((corrected[tested] <= alpha).sum()), alpha)
    return Corrected(
        p=tuple(corrected.tolist()),
        rejected=tuple((corrected <= alpha).tolist()),
        raw=tuple(raw.tolist()),
        levels=tuple(levels.tolist()),
        correction=name,
        family=family,
        size=int(tested.sum()),
        left_out=int((~tested).sum()),
        alpha=alpha,
    )
