"""Confidence intervals over seeds, over images, and over both at once. Seeds are the unit of replication."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from bench.errors import InputError
from bench.statistics.arrays import all_identical, difference, fraction, joined, one_value_a_seed, same_length
from bench.statistics.estimate import Estimate

# Images are a second source of error that all seeds share: all networks of a study see the same ones. Their variance is
# added to that between seeds and never multiplies n; taking images as n turned a p of 5e-4 (4 seeds) into 5e-163.
# Percentile bootstraps over 3 to 10 seeds cover 59 to 81% at a nominal 95%, and are not offered.

Scale = Literal["raw", "atanh"]

FEW_EFFECTIVE_IMAGES = 5.0
IMAGES_ONLY = "One seed: the interval covers the choice of images only and says nothing about another training."
TWO_SEEDS = "Two seeds: where both seeds and images matter, nominal 95% intervals can cover as little as 87%."
SEED_JACKKNIFE = "delete-one-seed jackknife, t with S-1 df"
NO_SPREAD = "Every seed gave the same value, so that no spread can be estimated."


def seed_mean(values: ArrayLike, *, confidence: float = 0.95, estimand: str = "") -> Estimate:
    """Mean over seeds with its t interval.

    >>> interval = seed_mean([0.90, 0.92, 0.91, 0.93])
    >>> f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
    '0.915 [0.894, 0.936]'

    Args:
        values: (S,) one value per seed; NaN for a seed without one.

    Returns:
        `low` and `high` are NaN for fewer than two seeds.
    """
    return seeds_and_images(values, None, confidence=confidence, estimand=estimand)


def seeds_and_images(
    values: ArrayLike,
    influence: ArrayLike | None,
    *,
    scale: Scale = "raw",
    confidence: float = 0.95,
    estimand: str = "",
) -> Estimate:
    """Mean over seeds, with the variance between seeds and that of the images they were all measured on.

    Args:
        values: (S,) the measure on its raw scale, one value per seed; NaN for a seed without one.
        influence: (S, n) jackknife influence of each image on each seed's value, on the same scale (see `from_atanh`
            and `of_image_means`); None for seeds alone. A seed whose row has a number that is not finite is left out,
            value and all, and `warning` counts it.
        scale: "atanh" finds the ends on the atanh scale (delta method) and transforms them back, for measures that end
            at 1; the estimand remains the plain mean over seeds.

    Returns:
        `unit` is "seed" and n the number of seeds. With one seed, `unit` is "image", n the number of images, and
        `warning` says so. `standard_error` is on the raw scale. Nominal coverage holds from three seeds on.

    Raises:
        InputError: the shapes do not fit.
    """
    values = one_value_a_seed(values, "values")
    psi = _checked_influence(influence, len(values))
    # ψ̄ᵢ, the mean over seeds of image i's influence: an image that moves all seeds alike moves their mean, one that
    # moves them in opposite directions does not.
    has_value = np.isfinite(values)
    present = has_value if psi is None else has_value & np.isfinite(psi).all(axis=1)
    shared = psi[present].mean(axis=0) if psi is not None and present.any() else None
    missing = joined(_missing_sentence(has_value), _refused_sentence(has_value, present))
    mean = float(values[present].mean()) if present.any() else float("nan")
    variance, df, unit, n, warning = _variance(values[present], shared)
    low, high = _ends(mean, float(np.sqrt(variance)), df, fraction(confidence, "confidence"), scale)
    return Estimate(
        value=mean,
        low=low,
        high=high,
        n=n,
        unit=unit,
        interval=_interval_words(unit, shared is not None, scale),
        confidence=confidence,
        standard_error=float(np.sqrt(variance)),
        df=df,
        warning=joined(missing, warning),
        estimand=estimand,
    )


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    first_influence: ArrayLike | None = None,
    second_influence: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    estimand: str = "",
) -> Estimate:
    """Mean over seeds of first - second, paired by seed and image, in the measure's own unit.

    Args:
        first, second: (S,) one value per seed; a seed that lacks either is left out.
        first_influence, second_influence: (S, n) influence on the raw scale, for the combined variance; both or
            neither.

    Raises:
        InputError: the shapes differ, or only one side has influence.
    """
    first, second = one_value_a_seed(first, "first"), one_value_a_seed(second, "second")
    same_length(first, second, "paired_difference")
    if (first_influence is None) != (second_influence is None):
        raise InputError("paired_difference: influence is needed for both sides or for neither.")
    # Influences are subtracted before they are squared: an image that is hard for both methods does not count.
    influence = None
    if first_influence is not None and second_influence is not None:
        first_psi, second_psi = np.asarray(first_influence, float), np.asarray(second_influence, float)
        same_length(first_psi, second_psi, "paired_difference, influence")
        influence = first_psi - second_psi
    return seeds_and_images(difference(first, second), influence, confidence=confidence, estimand=estimand)


def from_atanh(z: ArrayLike, influence: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Values and influence in the measure's unit, from those on the atanh scale (delta method).

    Args:
        z: (S,) atanh of each seed's value; infinite if the value is exactly 1.
        influence: (S, n) jackknife influence on the atanh scale.

    Returns:
        tanh(z), shape (S,), and ψ(1 - tanh²z), shape (S, n), which is 0 if the value is exactly 1.
    """
    # d tanh(z)/dz = 1 - tanh²z. At z = ∞ the slope is 0 and ψ may be anything, also NaN: the product is set to 0, since
    # representations that are the same stay so whichever image is left out.
    values = np.tanh(np.asarray(z, dtype=np.float64))
    slope = 1.0 - values**2
    psi = np.asarray(influence, dtype=np.float64)
    flat = (slope == 0.0)[:, None]
    return values, np.where(flat, 0.0, np.where(flat, 0.0, psi) * slope[:, None])


def of_image_means(per_image: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Values and influence of a mean over images, such as accuracy or churn.

    Args:
        per_image: (S, n) one number per seed and image; for accuracy 1 if the answer was right, else 0.

    Returns:
        Means (S,) and influence (S, n), which for a mean is exactly xᵢ - x̄.
    """
    table = np.atleast_2d(np.asarray(per_image, dtype=np.float64))
    means = table.mean(axis=1)
    return means, table - means[:, None]


def proportion(
    successes: int,
    n: int,
    *,
    method: Literal["wilson", "clopper-pearson"] = "wilson",
    confidence: float = 0.95,
    estimand: str = "",
) -> Estimate:
    """A proportion of images of a single network, for example its accuracy on the test set.

    Args:
        successes: images that count, 0 to n.
        n: all images; 0 gives NaN.
        method: Wilson's score interval, or Clopper and Pearson's, which never covers less than nominally.

    Raises:
        InputError: the counts are impossible.
    """
    if n < 0 or not 0 <= successes <= n:
        raise InputError(f"proportion: expected 0 <= successes <= n, not {successes} of {n}.")
    alpha = 1.0 - fraction(confidence, "confidence")
    words, ends = {"wilson": ("Wilson score", wilson), "clopper-pearson": ("Clopper-Pearson", clopper_pearson)}[method]
    value, low, high, warning = float("nan"), float("nan"), float("nan"), "No images."
    if n:
        value, (low, high), warning = successes / n, ends(successes, n, alpha), ""
        low, high = min(low, value), max(high, value)  # which rounding may put outside, at 0 and n successes
    return Estimate(value, low, high, n, "image", words, confidence, warning=warning, estimand=estimand)


# Wilson's interval holds every p whose score test does not reject the share: |q - p| ≤ z √(p(1 - p)/n), a quadratic in
# p. The usual q ± z √(q(1 - q)/n) has width 0 at q = 1, where accuracies of good networks lie.
def wilson(successes: float, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Ends of Wilson's score interval (1927) for a share of n, which need not be a whole number of them."""
    share, z = successes / n, float(scipy.stats.norm.isf(alpha / 2.0))
    shrink = 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / shrink
    half = z * float(np.sqrt(share * (1.0 - share) / n + z**2 / (4.0 * n**2))) / shrink
    return max(centre - half, 0.0), min(centre + half, 1.0)


def clopper_pearson(successes: int, n: int, alpha: float) -> tuple[float, float]:
    """Ends of Clopper and Pearson's interval (1934) for `successes` of n."""
    # Every p for which neither tail of the binomial holds less than alpha/2, by the beta distribution's quantiles.
    low = float(scipy.stats.beta.ppf(alpha / 2.0, successes, n - successes + 1)) if successes else 0.0
    high = float(scipy.stats.beta.isf(alpha / 2.0, successes + 1, n - successes)) if successes < n else 1.0
    return low, high


def ratio_of_sums(numerators: np.ndarray, denominators: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Σ numerators / Σ denominators over seeds, a share between 0 and 1, e.g. right answers among all in a bin.

    Seeds whose denominator is 0 are left out.

    >>> ratio_of_sums(np.array([1.0, 0.0, 30.0]), np.array([1, 0, 99])).value
    0.31

    Args:
        numerators, denominators: (S,) one count per seed.
    """
    counted = denominators > 0
    numerators, denominators = numerators[counted], denominators[counted]
    n = len(denominators)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, "seed", SEED_JACKKNIFE)
    share = float(numerators.sum() / denominators.sum())
    if n == 1:
        return Estimate(share, np.nan, np.nan, 1, "seed", SEED_JACKKNIFE)
    # A mean of the seeds' own ratios would count a seed with one answer as much as a seed with a hundred. The variance
    # of the ratio of sums is Tukey's jackknife over seeds, (S-1)/S Σ(θ₋ₛ - θ̄)²; for equal denominators that of a mean.
    left_out = (numerators.sum() - numerators) / (denominators.sum() - denominators)
    error = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    half = error * float(scipy.stats.t.ppf((1 + confidence) / 2, n - 1))
    low, high = max(share - half, 0.0), min(share + half, 1.0)
    return Estimate(share, low, high, n, "seed", SEED_JACKKNIFE, confidence, error, n - 1)


def effective_number(influence: np.ndarray) -> float:
    """n_eff = (Σψ²)²/Σψ⁴: how many of the images carry the value; NaN if none has any influence."""
    # Divided by the largest first: fourth powers of small influences would underflow to 0/0.
    largest = np.abs(influence).max(initial=0.0)
    if largest == 0.0:
        return float("nan")
    squares = (influence / largest) ** 2
    return float(squares.sum() ** 2 / (squares**2).sum())


def satterthwaite(variances: ArrayLike, dfs: ArrayLike) -> float:
    """Degrees of freedom of a sum of independent variance estimates; estimates of 0 do not count."""
    # Welch and Satterthwaite: the sum behaves like one variance estimate whose df matches its first two moments,
    # df = (Σv)²/Σ(v²/df); computed in shares of the sum, which neither overflow nor underflow.
    parts, degrees = np.asarray(variances, float), np.asarray(dfs, float)
    used = parts > 0.0
    if not used.any():
        return float("nan")
    shares = parts[used] / parts[used].sum()
    return float(1.0 / (shares**2 / degrees[used]).sum())


def _checked_influence(influence: ArrayLike | None, seeds: int) -> np.ndarray | None:
    if influence is None:
        return None
    psi = np.asarray(influence, dtype=np.float64)
    if psi.ndim != 2 or psi.shape[0] != seeds or psi.shape[1] < 2:
        raise InputError(f"influence: expected shape (S, n) with S = {seeds} and n >= 2, not {psi.shape}.")
    return psi


# V = s²/S + Σψ̄²/(n(n-1)): variance between seeds of their mean, plus the jackknife's variance over images of the mean
# of seeds, with Satterthwaite's df from S - 1 and n_eff. The interaction of seeds and images is in both terms, so that
# V is a little too large; nominal 95% cover 0.94 to 0.98 from three seeds on.
#
# Where seeds agree by luck the sum's df would be the images', hundreds of them, although nothing was learned about
# trainings, and a correction for 36 tests reads just that tail: it made false claims of 17% out of 5% at three seeds.
# 2(S - 1) bounds the df therefore, and seeds that agree exactly leave S - 1.
def _variance(values: np.ndarray, shared: np.ndarray | None) -> tuple[float, float, str, int, str]:
    """Variance of the mean, its df, the unit, n, and a warning."""
    seeds = len(values)
    of_images, n_eff, few = _image_variance(shared)
    if seeds == 0:
        return float("nan"), float("nan"), "seed", 0, "No seed has a value."
    if seeds == 1:
        if shared is None:
            return float("nan"), float("nan"), "seed", 1, "One seed: no interval can be given."
        return of_images, n_eff, "image", len(shared), joined(IMAGES_ONLY, few)
    of_seeds = 0.0 if all_identical(values) else float(values.var(ddof=1)) / seeds
    df = min(satterthwaite([of_seeds, of_images], [seeds - 1, n_eff]), 2.0 * (seeds - 1))
    if of_images and not of_seeds:
        df = seeds - 1.0
    two = TWO_SEEDS if seeds == 2 and of_seeds and of_images else ""
    return of_seeds + of_images, df, "seed", seeds, joined("" if of_seeds else NO_SPREAD, two, few)


def _image_variance(shared: np.ndarray | None) -> tuple[float, float, str]:
    """The jackknife's variance over images, its n_eff, and a warning if a handful of images carries it."""
    if shared is None:
        return 0.0, float("nan"), ""
    n = len(shared)
    n_eff = effective_number(shared)
    warning = carried_by_few(n_eff) if n_eff < FEW_EFFECTIVE_IMAGES else ""
    return float((shared**2).sum()) / (n * (n - 1)), n_eff, warning


def carried_by_few(n_eff: float) -> str:
    """The warning that fewer than `FEW_EFFECTIVE_IMAGES` images carry a value."""
    return f"A handful of images carries the value (effective number {n_eff:.1f}): the interval may not cover."


def _ends(mean: float, error: float, df: float, confidence: float, scale: Scale) -> tuple[float, float]:
    if not np.isfinite(error) or not np.isfinite(mean):
        return float("nan"), float("nan")
    if error == 0.0:
        return mean, mean
    half = float(scipy.special.stdtrit(df, 0.5 + confidence / 2)) * error
    if scale == "raw":
        return mean - half, mean + half
    # atanh'(x) = 1/(1 - x²) takes the raw standard error to the atanh scale, where the interval is symmetric. At ±1 and
    # beyond there is no atanh, and the raw interval is cut off at ±1 instead.
    slope = 1.0 - mean**2
    if slope <= 0.0:
        return max(mean - half, -1.0), min(mean + half, 1.0)
    centre = np.arctanh(mean)
    return float(np.tanh(centre - half / slope)), float(np.tanh(centre + half / slope))


def _missing_sentence(present: np.ndarray) -> str:
    missing = int((~present).sum())
    return f"{missing} of {len(present)} seeds without a value left out." if missing and present.any() else ""


def _refused_sentence(has_value: np.ndarray, present: np.ndarray) -> str:
    refused = int((has_value & ~present).sum())
    return f"{refused} of {len(present)} seeds left out, whose images' influence is not a number." if refused else ""


def _interval_words(unit: str, with_images: bool, scale: Scale) -> str:
    on_scale = ", atanh scale" if scale == "atanh" else ""
    if unit == "image":
        return f"t over images (delete-one jackknife, df = effective number){on_scale}"
    if with_images:
        return f"t, variance between seeds plus jackknife over images, df at most 2(S - 1){on_scale}"
    return f"t over seeds{on_scale}"
