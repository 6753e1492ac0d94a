"""How many seeds, or test images, an experiment needs: power of the paired t test and of the two one-sided tests.

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
from bench.statistics.crossed import Components
from bench.statistics.tests import smallest_attainable_p

MOST_SEEDS = 100_000
MOST_IMAGES = 10**9
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
    return _t(sd / float(np.sqrt(n)), n - 1, difference, alpha)


def tost_power(n: int, sd: float, margin: float, *, difference: float = 0.0, alpha: float = 0.05) -> float:
    """Probability that both one-sided paired t tests reject if `difference` is the truth; exact (Phillips 1990)."""
    positive(sd, "sd"), positive(margin, "margin"), fraction(alpha, "alpha")
    return 0.0 if n < 2 else _tost(sd / float(np.sqrt(n)), n - 1, margin, difference, alpha)


@dataclass(frozen=True, slots=True)
class Needed:
    """What would show equivalence where both seeds and test images are scarce.

    Attributes:
        seeds: the fewest, on as many test images as there are; None if no number of seeds is enough on them.
        images: the fewest test images with as many seeds as there are; None if no number of images is enough.
        images_at_least: the fewest test images on which any number of seeds is enough: with fewer, none is.
        present_power: with the seeds and images at hand.
    """

    seeds: int | None
    images: int | None
    images_at_least: int | None
    present_power: float

    @property
    def text(self) -> str:
        """In words: seeds, or that no number of them is enough and how many test images it takes."""
        if self.seeds is not None:
            return f"{self.seeds:,} seeds"
        if self.images is not None:
            return f"no number of seeds; n ≥ {self.images:,} test images"
        if self.images_at_least is not None:
            return f"no number of seeds; n ≥ {self.images_at_least:,} test images, and more seeds"
        return "no number of seeds or test images"


def crossed_needed(
    parts: Components,
    margin: float,
    *,
    difference: float = 0.0,
    alpha: float = 0.05,
    tests: int = 1,
    power: float = 0.8,
) -> Needed:
    """Seeds, or else test images, with which TOST on seeds and images crossed succeeds.

    Args:
        parts: of the table of paired differences, in the margin's unit (see `crossed.components`).
        difference: the true one.
        alpha: of the family; each test is planned at alpha / tests, the strictest level that Holm asks for.
        tests: size of the family.

    Raises:
        InputError: margin, alpha or power is out of its range.
    """
    fraction(power, "power"), positive(margin, "margin")

    def power_of(seeds: float, images: float) -> float:
        return crossed_tost_power(
            parts, margin, seeds=seeds, images=images, difference=difference, alpha=alpha, tests=tests
        )

    seeds, images = parts.seeds, parts.images
    return Needed(
        seeds=_fewest(lambda n: power_of(n, images), power) if power_of(math.inf, images) >= power else None,
        images=_fewest(lambda n: power_of(seeds, n), power, MOST_IMAGES),
        images_at_least=_fewest(lambda n: power_of(math.inf, n), power, MOST_IMAGES),
        present_power=power_of(seeds, images),
    )


# The variance of the mean is σ²_S/S + σ²_I/n + σ²_SI/(S·n): more seeds leave σ²_I/n, so that with too few images no
# number of seeds is enough. The test has the df of `crossed.components` at the mean squares to be expected. Words are
# withheld where the sign flip's 2^(1-S) exceeds alpha: the power of fewer seeds is 0. Where a mean square, and not the
# sum, will be the largest of the three, the power is a little less than this.
def crossed_tost_power(
    parts: Components,
    margin: float,
    *,
    seeds: float,
    images: float,
    difference: float = 0.0,
    alpha: float = 0.05,
    tests: int = 1,
) -> float:
    """Probability that TOST on seeds and images crossed succeeds with other numbers of them, by its components.

    Args:
        seeds, images: planned; infinity for as many as it takes.
    """
    positive(margin, "margin"), fraction(alpha, "alpha")
    if not np.isfinite(parts.variance) or seeds < 2 or images < 2:
        return 0.0
    if math.isfinite(seeds) and smallest_attainable_p(int(seeds)) > alpha:
        return 0.0
    of_seeds = parts.var_seeds / seeds
    of_images, of_both = parts.var_images / images, parts.ms_both / (seeds * images)
    error = math.sqrt(of_seeds + of_images + of_both)
    if error == 0.0:
        return float(abs(difference) < margin)
    if math.isinf(seeds):
        critical = float(stats.norm.isf(alpha / tests))
        ends = [(side * margin - difference) / error - side * critical for side in (1, -1)]
        return max(float(special.ndtr(ends[0]) - special.ndtr(ends[1])), 0.0)
    # Mean squares over S·n: what seeds and images vary by, each with the interaction, which is taken off once.
    one, two = of_seeds + of_both, of_images + of_both
    squares = one**2 / (seeds - 1) + two**2 / (images - 1) + of_both**2 / ((seeds - 1) * (images - 1))
    df = min(error**4 / squares, 2.0 * (seeds - 1))
    return _tost(error, df, margin, difference, alpha / tests)


def _t(error: float, df: float, difference: float, alpha: float) -> float:
    """Power of the two-sided t test, given the mean's standard error."""
    shift = abs(difference) / error
    critical = float(stats.t.ppf(1 - alpha / 2, df))

    def rejects(u: float) -> float:
        return float(special.ndtr(shift - critical * u) + special.ndtr(-critical * u - shift))

    return _averaged_over_spread(rejects, df, _WIDEST)


def _tost(error: float, df: float, margin: float, difference: float, alpha: float) -> float:
    """Power of the two one-sided t tests, given the mean's standard error."""
    # TOST succeeds if |d̄| + t·s/√n < margin. Mean and SD of a normal sample are independent, so given s this is a
    # normal probability of d̄, which is then averaged over s up to where t·s/√n exceeds the margin and it is 0.
    critical = float(stats.t.ppf(1 - alpha, df))
    upper, lower = (margin - difference) / error, (-margin - difference) / error

    def succeeds(u: float) -> float:
        return max(float(special.ndtr(upper - critical * u) - special.ndtr(lower + critical * u)), 0.0)

    widest = margin / (critical * error) if critical > 0 else _WIDEST
    return _averaged_over_spread(succeeds, df, min(widest, _WIDEST))


def _averaged_over_spread(probability: Callable[[float], float], df: float, highest: float) -> float:
    """E[probability(u); u <= highest], u = s/σ the ratio of the estimated to the true SD: u²·df follows χ²."""
    # The density is computed as the exponential of its log, since its factors overflow at thousands of df. It is narrow
    # then, about 1/√(2 df) wide around 1, and an adaptive rule over the whole range could miss it: the range is cut at
    # 3 and 8 such widths on both sides.
    spread = 1 / np.sqrt(2 * df)
    constant = float(np.log(2 * df) - df / 2 * np.log(2) - special.gammaln(df / 2))
    points = sorted({0.0, highest, *(min(max(1 + k * spread, 0.0), highest) for k in (-8, -3, 0, 3, 8))})

    def integrand(u: float) -> float:
        """`probability` times the density of u, 2·df·u times that of χ² at df·u²; u is never 0, its square may be."""
        x = df * u * u
        if x == 0.0:  # smaller than any float
            return 0.0
        return probability(u) * u * math.exp(constant + (df / 2 - 1) * math.log(x) - x / 2)

    total = sum(integrate.quad(integrand, low, high)[0] for low, high in pairwise(points))
    return float(min(max(total, 0.0), 1.0))


def _fewest(power_of: Callable[[int], float], power: float, most: int = MOST_SEEDS) -> int | None:
    """The smallest n from 2 on with enough power, by doubling and bisection; power grows with n."""
    fraction(power, "power")
    low, high = 1, 2
    while power_of(high) < power:
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= power else (middle, high)
    return high


def _count(seeds: int | None) -> str:
    return f"more than {MOST_SEEDS:,} seeds" if seeds is None else f"{seeds} seed{'s' * (seeds != 1)}"
