"""Many tests at once: Holm where every claim must hold, Benjamini-Hochberg where a list of finds is wanted."""

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
        p: corrected, in the order given; NaN where the raw one was.
        rejected: whether each is at most alpha.
        raw: the p values as given.
        correction: "Holm" or "Benjamini-Hochberg".
        family: what the family is, in words for a caption.
        size: tests in the family, those without a p not counted.
        left_out: tests without a p (NaN), which are not part of the family.
        alpha: the level asked for.
    """

    p: tuple[float, ...]
    rejected: tuple[bool, ...]
    raw: tuple[float, ...]
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


def holm(p: ArrayLike, *, family: str = "", alpha: float = 0.05) -> Corrected:
    """Holm's step-down correction (1979): no false claim in the family, with probability 1 - alpha.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03]).p]
    [0.03, 0.06, 0.06]
    """
    return _corrected(p, _step_down, "Holm", family, alpha)


def benjamini_hochberg(p: ArrayLike, *, family: str = "", alpha: float = 0.05) -> Corrected:
    """Benjamini and Hochberg's correction (1995): at most a share alpha of the finds is false, on average.

    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03]).p]
    [0.03, 0.04, 0.04]
    """
    return _corrected(p, stats.false_discovery_control, "Benjamini-Hochberg", family, alpha)


def _step_down(p: np.ndarray) -> np.ndarray:
    """Holm's corrected p values; statsmodels collects all garbage at every call, 100 ms in a large process."""
    order = np.argsort(p)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected


def _corrected(
    p: ArrayLike, correct: Callable[[np.ndarray], np.ndarray], name: str, family: str, alpha: float
) -> Corrected:
    fraction(alpha, "alpha")
    raw = np.asarray(p, dtype=np.float64).ravel()
    known = ~np.isnan(raw)
    if ((raw[known] < 0.0) | (raw[known] > 1.0)).any():
        raise InputError(f"{name}: p values lie between 0 and 1, not {raw[known].min()!r} to {raw[known].max()!r}.")
    corrected = np.full(len(raw), np.nan)
    if known.any():
        corrected[known] = correct(raw[known])
    return Corrected(
        p=tuple(corrected.tolist()),
        rejected=tuple((corrected <= alpha).tolist()),
        raw=tuple(raw.tolist()),
        correction=name,
        family=family,
        size=int(known.sum()),
        left_out=int((~known).sum()),
        alpha=alpha,
    )
