"""How often one method beats another, and on how many networks: for readers who choose and not only test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from bench.errors import InputError
from bench.statistics.arrays import difference, fraction, one_value_a_seed, same_length
from bench.statistics.crossed import components, crossed_difference, paired_table
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import clopper_pearson

OVER_SEEDS = "seeds paired, ties half, Clopper-Pearson over seeds"
NEW_IMAGES = "normal model with seeds and test images crossed"
ONE_SEED = "One seed: it cannot say how often."
FEWEST_NETWORKS = 3


# P(A beats B) of Bouthillier et al. (2021): the share of trainings in which A ends above B. It is a share of whole
# trainings: what a reader gets who trains once with each. Ties count half on both sides, so that P(A) + P(B) = 1; the
# interval is that of the nearest whole numbers outside, which covers at least nominally.
def beats(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """The probability that `first` beats `second` in a new training, on these test images.

    >>> found = beats([0.91, 0.93, 0.92, 0.95, 0.90, 0.94], [0.90, 0.92, 0.90, 0.95, 0.91, 0.92])
    >>> f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
    '0.75 [0.22, 1.00]'

    Args:
        first, second: (S,) one value per seed, the larger the better; a seed that lacks either is left out. Values
            equal up to rounding tie.

    Raises:
        InputError: the lengths differ.
    """
    one, other = one_value_a_seed(first, "first"), one_value_a_seed(second, "second")
    same_length(one, other, "beats")
    apart = difference(one, other)
    apart = apart[np.isfinite(apart)]
    n, alpha = len(apart), 1.0 - fraction(confidence, "confidence")
    if not n:
        return Estimate(_NAN, _NAN, _NAN, 0, "seed", OVER_SEEDS, confidence, warning="No seed has a value.")
    wins, ties = int((apart > 0).sum()), int((apart == 0).sum())
    low = clopper_pearson(wins + ties // 2, n, alpha)[0]
    high = clopper_pearson(wins + (ties + 1) // 2, n, alpha)[1]
    warning = ONE_SEED if n == 1 else ""
    return Estimate((wins + ties / 2) / n, low, high, n, "seed", OVER_SEEDS, confidence, warning=warning)


# d/σ of a normal difference: σ² is that of one new training's difference on n new images, σ²_S + σ²_I/n + σ²_SI/n, and
# the interval carries that of the mean difference, d ± t√V, through Φ(·/σ), σ taken as known.
def beats_on_new_images(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """The probability that a new training of `first` beats one of `second` on as many new test images: a normal model.

    Args:
        first, second: (S, n) per seed and test image, paired, the larger the better.

    Returns:
        No interval, and the reason in `warning`, where `crossed_difference` has none.

    Raises:
        InputError: the shapes differ.
    """
    apart, parts = crossed_difference(first, second, confidence=confidence), components(paired_table(first, second))
    spread = float(np.sqrt(parts.var_seeds + (parts.var_images + parts.ms_both) / max(parts.images, 1)))
    if spread > 0.0:
        value, low, high = stats.norm.cdf(np.array([apart.value, apart.low, apart.high]) / spread).tolist()
    else:  # equal everywhere, or no spread to tell from: then it is NaN
        value, low, high = (0.5 + 0.5 * float(np.sign(apart.value)) if spread == 0.0 else _NAN), _NAN, _NAN
    return Estimate(value, low, high, apart.n, "seed", NEW_IMAGES, confidence, df=apart.df, warning=apart.warning)


@dataclass(frozen=True, slots=True)
class OnNetworks:
    """On how many networks an effect is shown.

    Attributes:
        least: the largest k for which "on at least k of the networks" is shown.
        networks: M, those tested.
        p: by k from 1 to M, of "on fewer than k", made to grow with k.
        alpha: level.
    """

    least: int
    networks: int
    p: tuple[float, ...]
    alpha: float

    @property
    def text(self) -> str:
        """In words."""
        return f"on at least {self.least} of {self.networks} networks"


# Partial conjunction (Benjamini and Heller 2008; Dror et al. 2017): "fewer than k networks have the effect" is rejected
# by (M - k + 1)·p₍ₖ₎, Bonferroni over the M - k + 1 largest p, which holds however the networks' tests depend on each
# other. They do: all networks are tested on the same images, so that Fisher's combination would be too bold. The
# largest k with a p of at most alpha needs no further correction (Dror et al. 2017, theorem 1).
def on_networks(p: Sequence[float] | np.ndarray, *, alpha: float = 0.05) -> OnNetworks | None:
    """On at least how many networks an effect is shown; None for fewer than three networks.

    >>> on_networks([0.001, 0.004, 0.02, 0.6]).text
    'on at least 3 of 4 networks'

    Args:
        p: one per network, one-sided, before any correction over networks; NaN for a network without a test, which
            does not count.

    Raises:
        InputError: a p lies outside 0 to 1.
    """
    fraction(alpha, "alpha")
    tested = np.asarray(p, dtype=np.float64).ravel()
    tested = np.sort(tested[~np.isnan(tested)])
    if ((tested < 0.0) | (tested > 1.0)).any():
        raise InputError(f"on_networks: p values lie between 0 and 1, not {tested.min()!r} to {tested.max()!r}.")
    networks = len(tested)
    if networks < FEWEST_NETWORKS:
        return None
    conjunction = np.minimum(np.maximum.accumulate(tested * np.arange(networks, 0, -1)), 1.0)
    return OnNetworks(int((conjunction <= alpha).sum()), networks, tuple(conjunction.tolist()), alpha)


def none_of(n: int, confidence: float = 0.95) -> float:
    """The largest rate that n cases without a single event leave possible: the rule of three, 3/n, at 95%.

    -ln(1 - confidence)/n, at most 1 (Hanley and Lippman-Hand 1983).

    >>> round(100 * none_of(599), 1)
    0.5

    Raises:
        InputError: n is below 1.
    """
    if n < 1:
        raise InputError(f"none_of: expected one case or more, not {n}.")
    return min(float(-np.log1p(-fraction(confidence, "confidence"))) / n, 1.0)


_NAN = float("nan")
