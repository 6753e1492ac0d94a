"""The delete-a-group jackknife: how much each image moves a measure, for any measure at 21 evaluations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.similarity.intervals.jackknife import effective_number

GROUPS = 20
SEED = 20  # of the permutation that deals the images out: a function of n alone, so that influences may be subtracted


def dealt(n: int, groups: int) -> np.ndarray:
    """The group of every image, (n,): image i is the p(i)-th of a fixed permutation and goes to group p(i) % groups.

    It depends on nothing but n and the number of groups, so that all measures, layers and networks share it.
    """
    numbers = np.empty(n, dtype=int)
    numbers[np.random.default_rng(SEED).permutation(n)] = np.arange(n) % groups
    return numbers


def number_of_groups(n: int, fewest: int) -> int:
    """How many groups leave at least `fewest` images when one is deleted; 0 if not even single images do."""
    # Doubling nests the finer groups in the coarser ones. A measure that needs nearly all images gets small groups.
    groups = min(GROUPS, n)
    while groups < n and n - -(-n // groups) < fewest:
        groups = min(2 * groups, n)
    return groups if n - -(-n // groups) >= fewest else 0


# With mⱼ images in group j, hⱼ = n/mⱼ and θ₍ⱼ₎ the measure without them, pseudo-values are hⱼθ - (hⱼ - 1)θ₍ⱼ₎ and the
# variance is the mean of their squared distance from Jθ - Σ(1 - 1/hⱼ)θ₍ⱼ₎, over hⱼ - 1 (Busing, Meijer and van der
# Leeden 1999). Every image of a group gets one number, scaled so that Σψ²/(n(n-1)) is that variance; for a mean and
# groups of one image it is the image's deviation from the mean.
def influence(on_rows: Callable[[np.ndarray], float], value: float, n: int, fewest: int) -> np.ndarray:
    """The influence of each image on a measure, (n,); NaN where too few images are left or the measure is undefined.

    Args:
        on_rows: the measure as a function of the (sorted) images that are kept.
        value: of all images.
        fewest: images that the measure needs.
    """
    count = number_of_groups(n, fewest)
    if count < 2:
        return np.full(n, np.nan)
    group = dealt(n, count)
    left_out = np.array([on_rows(np.flatnonzero(group != number)) for number in range(count)])
    sizes = np.bincount(group, minlength=count)
    h = n / sizes
    centre = count * value - ((1.0 - 1.0 / h) * left_out).sum()
    pseudo = h * value - (h - 1.0) * left_out - centre
    return np.asarray((np.sqrt(n * (n - 1.0) / (count * sizes * (h - 1.0))) * pseudo)[group])


# Σψ⁴ counts the copies of a group's number as if each image had one of its own.
def effective(psi: np.ndarray, fewest: int) -> float:
    """Degrees of freedom of a grouped influence: the effective number of groups."""
    n = len(psi)
    count = number_of_groups(n, fewest)
    if count < 2:
        return float("nan")
    first = np.unique(dealt(n, count), return_index=True)[1]
    return float(effective_number(psi[first]))
