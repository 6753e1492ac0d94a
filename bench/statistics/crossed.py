"""Means over seeds and test images where every seed answers every image: both are drawn, and both vary the mean."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from bench.errors import InputError
from bench.statistics.arrays import ROUNDING, difference, fraction, joined
from bench.statistics.estimate import Estimate

INTERVAL = "t, trainings and test images crossed, df at most 2(S - 1)"
NO_SEED = "No seed has a value."
ONE_SEED = "One seed: no interval can be given."
ONE_IMAGE = "One test image: no interval can be given."
EQUAL_EVERYWHERE = "Every seed gives every test image the same value, so that no spread can be estimated."


@dataclass(frozen=True, slots=True)
class Components:
    """The analysis of variance of a table of seeds and test images without repetition.

    Attributes:
        ms_seeds, ms_images, ms_both: mean squares of the rows, of the columns, and of what is left of their sum; in
            the value's unit squared.
        seeds, images: complete rows, and columns.
        variance: of the grand mean, for new seeds and new images; NaN for fewer than two seeds or images.
        df: its degrees of freedom.
    """

    ms_seeds: float
    ms_images: float
    ms_both: float
    seeds: int
    images: int
    variance: float
    df: float

    @property
    def var_seeds(self) -> float:
        """Variance between trainings, all images counted: (MS_S - MS_SI)/n, or 0."""
        return max(self.ms_seeds - self.ms_both, 0.0) / self.images

    @property
    def var_images(self) -> float:
        """Variance between images, all trainings counted: (MS_I - MS_SI)/S, or 0."""
        return max(self.ms_images - self.ms_both, 0.0) / self.seeds

    def as_dict(self) -> dict[str, float | int]:
        """All fields, ready for JSON."""
        return asdict(self)


def crossed_mean(table: ArrayLike, *, confidence: float = 0.95, estimand: str = "") -> Estimate:
    """Mean over seeds and test images, with an interval for new seeds and new images.

    >>> found = crossed_mean([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 1]])
    >>> f"{found.value:.2f} ± {found.high - found.value:.2f}"
    '0.75 ± 0.64'

    Args:
        table: (S, n) a number per seed and test image, for accuracy 1 where the answer is right and 0 elsewhere. A row
            with a number that is not finite stands for a seed without a result and is left out, which `warning` says.

    Returns:
        `n` counts the seeds. No interval, and the reason in `warning`, for one seed or one image, and if all numbers
        are the same; `standard_error` is 0 then.

    Raises:
        InputError: the table is no matrix.
    """
    rows = _matrix(table, "crossed_mean")
    present = np.isfinite(rows).all(axis=1)
    return _estimate(rows[present], _missing(present), confidence, estimand)


def crossed_difference(
    first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95, estimand: str = ""
) -> Estimate:
    """Mean of first - second, paired by seed and test image, with an interval for new seeds and new images.

    Args:
        first, second: (S, n) as `crossed_mean` takes them; a seed that lacks either is left out.

    Raises:
        InputError: the shapes differ.
    """
    differences = paired_table(first, second)
    present = np.isfinite(differences).all(axis=1)
    return _estimate(differences[present], _missing(present), confidence, estimand)


def paired_table(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """(S, n) first - second, exactly 0 where both are equal up to rounding, NaN where either is missing.

    Raises:
        InputError: the shapes differ.
    """
    one, other = _matrix(first, "crossed_difference"), _matrix(second, "crossed_difference")
    if one.shape != other.shape:
        raise InputError(f"crossed_difference: tables need one shape, not {one.shape} and {other.shape}.")
    return difference(one, other)


# x[s, i] = μ + seed s + image i + (seed × image). With both drawn anew, the grand mean's variance is
# σ²_S/S + σ²_I/n + σ²_SI/(S·n), and since E[MS_S] = n σ²_S + σ²_SI, E[MS_I] = S σ²_I + σ²_SI and E[MS_SI] = σ²_SI
# (Cornfield and Tukey 1956), (MS_S + MS_I - MS_SI)/(S·n) estimates it without bias. By chance the sum can fall below
# one of its first two parts, or below 0; the largest of the three is taken, which never understates either source.
#
# Satterthwaite's df of the sum would grow with the images where seeds agree by luck, and corrections for many tests
# read just that tail (false claims of 0.17 at a promised 0.05 with three seeds): 2(S - 1) bounds them.
def components(table: ArrayLike) -> Components:
    """Mean squares of an (S, n) table, and the variance of its grand mean; incomplete rows are left out.

    Raises:
        InputError: the table is no matrix.
    """
    rows = _matrix(table, "components")
    rows = rows[np.isfinite(rows).all(axis=1)]
    seeds, images = rows.shape
    if seeds < 2 or images < 2:
        return Components(_NAN, _NAN, _NAN, seeds, images, _NAN, _NAN)
    of_seeds, of_images, grand = rows.mean(axis=1), rows.mean(axis=0), float(rows.mean())
    left = rows - of_seeds[:, None] - of_images + grand
    dfs = np.array([seeds - 1.0, images - 1.0, (seeds - 1.0) * (images - 1.0)])
    sums = [images * ((of_seeds - grand) ** 2).sum(), seeds * ((of_images - grand) ** 2).sum(), (left**2).sum()]
    # Means that differ by rounding alone are equal: only the numbers that were averaged say how large rounding is.
    floor = rows.size * (ROUNDING * float(np.abs(rows).max())) ** 2
    squares = np.where(np.array(sums) <= floor, 0.0, sums) / dfs
    variance, df = _variance(squares, dfs)
    one, two, both = squares.tolist()
    return Components(one, two, both, seeds, images, variance / rows.size, df)


def _variance(squares: np.ndarray, dfs: np.ndarray) -> tuple[float, float]:
    """S·n times the variance of the grand mean, and its df."""
    of_seeds, of_images, both = squares
    total, most = of_seeds + of_images - both, 2.0 * dfs[0]
    if total >= max(of_seeds, of_images):
        shares = squares / total if total > 0.0 else np.array([1.0, 0.0, 0.0])
        return float(total), float(min(1.0 / (shares**2 / dfs).sum(), most))
    return (float(of_seeds), float(dfs[0])) if of_seeds >= of_images else (float(of_images), float(most))


def _estimate(rows: np.ndarray, missing: str, confidence: float, estimand: str) -> Estimate:
    """The estimate of complete rows."""
    parts, fraction_checked = components(rows), fraction(confidence, "confidence")
    mean = float(rows.mean()) if rows.size else _NAN
    error = float(np.sqrt(parts.variance))
    half = float(special.stdtrit(parts.df, 0.5 + fraction_checked / 2)) * error if error > 0.0 else _NAN
    return Estimate(
        value=mean,
        low=mean - half,
        high=mean + half,
        n=parts.seeds,
        unit="seed",
        interval=INTERVAL,
        confidence=confidence,
        standard_error=error,
        df=parts.df,
        warning=joined(missing, _why_none(parts)),
        estimand=estimand,
    )


def _why_none(parts: Components) -> str:
    """Why there is no interval; empty if there is one."""
    if not parts.seeds or not parts.images:
        return NO_SEED
    if parts.seeds == 1 or parts.images == 1:
        return ONE_SEED if parts.seeds == 1 else ONE_IMAGE
    return EQUAL_EVERYWHERE if parts.variance == 0.0 else ""


def _missing(present: np.ndarray) -> str:
    missing = int((~present).sum())
    return f"{missing} of {len(present)} seeds without a value left out." if missing and present.any() else ""


def _matrix(table: ArrayLike, name: str) -> np.ndarray:
    rows = np.asarray(table, dtype=np.float64)
    if rows.ndim != 2:
        raise InputError(f"{name}: expected a table of seeds and test images, shape (S, n), not {rows.shape}.")
    return rows


_NAN = float("nan")
