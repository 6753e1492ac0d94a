"""How many seeds an experiment needs: power of the paired t test and of the two one-sided tests.

Conventions: the true difference is 0 for equivalence and one margin for a difference; alpha is 0.05 and power 0.8 by
default; each one-sided test of TOST is made at alpha.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from scipy import integrate, special, stats

from bench.statistics.arrays import fraction, positive
from bench.statistics.tests import smallest_attainable_p

MOST_SEEDS = 100_000
USUAL_SEEDS = (3, 6, 12)
_WIDEST = 12.0  # times the true SD: with 2 seeds a sample SD beyond it has probability 4e-33


@dataclass(frozen=True, slots=True)
class SeedsNeeded:
    """Seeds that an experiment needs.

    Attributes:
        sd: standard deviation of the paired differences between seeds.
        margin: the equivalence margin, and the difference to be detected, in the same unit.
        alpha, power: level of each test and probability of its success.
        seeds_for_equivalence: for TOST at a true difference of 0; None if 100,000 are too few.
        seeds_for_difference: for the two-sided paired t at a true difference of one margin; None likewise.
        seeds_for_sign_flip: the fewest with which the sign-flip test can reach alpha at all.
        at: (seeds, power of TOST, power of the paired t) for the usual numbers of seeds.
    """

    sd: float
    margin: float
    alpha: float
    power: float
    seeds_for_equivalence: int | None
    seeds_for_difference: int | None
    seeds_for_sign_flip: int
    at: tuple[tuple[int, float, float], ...]

    @property
    def text(self) -> str:
        """All of it in sentences, one per line."""
        lines = [
            f"Paired differences with SD {self.sd:g} between seeds, margin ±{self.margin:g}, "
            f"alpha {self.alpha:g}, power {self.power:g}:",
            f"  equivalence (TOST, true difference 0): {_count(self.seeds_for_equivalence)}",
            f"  a difference of {self.margin:g} (paired t, two-sided): {_count(self.seeds_for_difference)}",
            f"  the exact sign-flip test can reach alpha from {_count(self.seeds_for_sign_flip)} on",
        ]
        lines += [
            f"  with {seeds:>2} seeds: TOST succeeds with probability {tost:.2f}, paired t with {t:.2f}"
            for seeds, tost, t in self.at
        ]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        """All fields, ready for JSON."""
        return asdict(self)


def seeds_needed(sd: float, margin: float, *, alpha: float = 0.05, power: float = 0.8) -> SeedsNeeded:
    """Seeds needed to show equivalence within, and a difference of, one margin.

    >>> [seeds_needed(sd, margin=0.3).seeds_for_equivalence for sd in (0.2, 0.3)]
    [6, 11]

    Raises:
        InputError: the SD or margin is not above 0, or alpha or power is not between 0 and 1.
    """
    return SeedsNeeded(
        sd=positive(sd, "sd"),
        margin=positive(margin, "margin"),
        alpha=fraction(alpha, "alpha"),
        power=fraction(power, "power"),
        seeds_for_equivalence=seeds_for_equivalence(sd, margin, alpha=alpha, power=power),
        seeds_for_difference=seeds_for_difference(sd, margin, alpha=alpha, power=power),
        seeds_for_sign_flip=next(n for n in range(1, 1100) if smallest_attainable_p(n) <= alpha),
        at=tuple((n, tost_power(n, sd, margin, alpha=alpha), t_power(n, sd, margin, alpha=alpha)) for n in USUAL_SEEDS),
    )


def seeds_for_equivalence(
    sd: float, margin: float, *, difference: float = 0.0, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """The fewest seeds with which TOST succeeds with probability `power`; None if 100,000 are too few."""
    if abs(difference) >= margin:
        return None
    return _fewest(lambda n: tost_power(n, sd, margin, difference=difference, alpha=alpha), power)


def seeds_for_difference(sd: float, difference: float, *, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """The fewest seeds with which a two-sided paired t finds `difference`; None if 100,000 are too few."""
    if difference == 0.0:
        return None
    return _fewest(lambda n: t_power(n, sd, difference, alpha=alpha), power)


def t_power(n: int, sd: float, difference: float, *, alpha: float = 0.05) -> float:
    """Power of the two-sided paired t test with n seeds.

    The noncentral t distribution, integrated over s: library routines for its tail give NaN at large effects.

    Args:
        n: seeds, at least 2; fewer have power 0.
        sd: standard deviation of the paired differences.
        difference: the true mean difference.
    """
    positive(sd, "sd"), fraction(alpha, "alpha")
    if n < 2:
        return 0.0
    shift = abs(difference) / sd * np.sqrt(n)
    critical = float(stats.t.ppf(1 - alpha / 2, n - 1))

    def rejects(u: float) -> float:
        return float(special.ndtr(shift - critical * u) + special.ndtr(-critical * u - shift))

    return _averaged_over_spread(rejects, n - 1, _WIDEST)


def tost_power(n: int, sd: float, margin: float, *, difference: float = 0.0, alpha: float = 0.05) -> float:
    """Probability that both one-sided paired t tests reject if `difference` is the truth; exact (Phillips 1990)."""
    # TOST succeeds if |d̄| + t·s/√n < margin. Mean and SD of a normal sample are independent, so given s this is a
    # normal probability of d̄, which is then averaged over s up to where t·s/√n exceeds the margin and it is 0.
    positive(sd, "sd"), positive(margin, "margin"), fraction(alpha, "alpha")
    if n < 2:
        return 0.0
    error = sd / np.sqrt(n)
    critical = float(stats.t.ppf(1 - alpha, n - 1))
    upper, lower = (margin - difference) / error, (-margin - difference) / error

    def succeeds(u: float) -> float:
        return max(float(special.ndtr(upper - critical * u) - special.ndtr(lower + critical * u)), 0.0)

    widest = margin / (critical * error) if critical > 0 else _WIDEST
    return _averaged_over_spread(succeeds, n - 1, min(widest, _WIDEST))


def _averaged_over_spread(probability: Callable[[float], float], df: int, highest: float) -> float:
    """E[probability(u); u <= highest], u = s/σ the ratio of the estimated to the true SD: u²·df follows χ²."""
    # The density is computed as the exponential of its log, since its factors overflow at thousands of df. It is narrow
    # then, about 1/√(2 df) wide around 1, and an adaptive rule over the whole range could miss it: the range is cut at
    # 3 and 8 such widths on both sides.
    spread = 1 / np.sqrt(2 * df)
    constant = float(np.log(2 * df) - df / 2 * np.log(2) - special.gammaln(df / 2))
    points = sorted({0.0, highest, *(min(max(1 + k * spread, 0.0), highest) for k in (-8, -3, 0, 3, 8))})

    def integrand(u: float) -> float:
        """`probability` times the density of u, 2·df·u times that of χ² at df·u²; u is never 0 here."""
        x = df * u * u
        return probability(u) * u * math.exp(constant + (df / 2 - 1) * math.log(x) - x / 2)

    total = sum(integrate.quad(integrand, low, high)[0] for low, high in pairwise(points))
    return float(min(max(total, 0.0), 1.0))


def _fewest(power_of: Callable[[int], float], power: float) -> int | None:
    """The smallest n from 2 on with enough power, by doubling and bisection; power grows with n."""
    fraction(power, "power")
    low, high = 1, 2
    while power_of(high) < power:
        if high == MOST_SEEDS:
            return None
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= power else (middle, high)
    return high


def _count(seeds: int | None) -> str:
    return f"more than {MOST_SEEDS:,} seeds" if seeds is None else f"{seeds} seed{'s' * (seeds != 1)}"
