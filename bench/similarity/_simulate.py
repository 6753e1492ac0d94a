"""Populations with a known similarity, and how often an interval covers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.similarity._measure import Measure
from bench.similarity.debiased_cka import DebiasedCKA

Spectrum = Literal["flat", "power"]

OUTLIER_SIZE = 5.0  # factor on both sides' representation of an outlying image


@dataclass(frozen=True)
class Population:
    """Pairs of Gaussian representations of n images.

    Attributes:
        rho: population linear CKA.
        n, d: images and units (the same number on both sides).
        spectrum: standard deviations of the units' principal directions: all alike, or falling as 1/√rank.
        outliers: expected share of images whose representations are `OUTLIER_SIZE` times as large on both sides.
    """

    rho: float
    n: int
    d: int
    spectrum: Spectrum = "flat"
    outliers: float = 0.0

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One pair x, y (n, d)."""
        return gaussian_pair(self.rho, self.n, self.d, self.spectrum, rng, self.outliers)[:2]


@dataclass(frozen=True)
class Coverage:
    """How often the interval of a measure held its target.

    Attributes:
        truth: the target: population CKA for the debiased one, else the mean over replications at this n.
        covered: share of the intervals that held it.
        replications: number of intervals.
        warned: share of the intervals that came with a warning.
    """

    truth: float
    covered: float
    replications: int
    warned: float


def gaussian_pair(
    rho: float, n: int, d: int, spectrum: Spectrum, rng: np.random.Generator, outliers: float = 0.0
) -> tuple[np.ndarray, np.ndarray, float]:
    """x = zΛ and y = (√ρ z + √(1-ρ) e)Λ, whose population linear CKA is exactly ρ.

    Returns:
        x and y (n, d), and the population's CKA. Outlying images, larger by one factor on both sides, leave it as it
        is: they multiply all covariances alike.
    """
    deviations = np.ones(d) if spectrum == "flat" else 1.0 / np.sqrt(np.arange(1, d + 1))
    z, e = rng.normal(size=(2, n, d))
    sizes = np.where(rng.random((n, 1)) < outliers, OUTLIER_SIZE, 1.0)
    return sizes * z * deviations, sizes * (np.sqrt(rho) * z + np.sqrt(1.0 - rho) * e) * deviations, rho


def coverage(
    measure: Measure, population: Population, *, replications: int = 300, confidence: float = 0.95, seed: int = 0
) -> Coverage:
    """Draw pairs, and count the intervals that hold the target.

    The target of a measure other than debiased CKA is its mean over four times as many other draws: what its intervals
    promise is its expectation at this n.
    """
    rng = np.random.default_rng(seed)
    truth = population.rho
    if not isinstance(measure, DebiasedCKA):
        truth = float(np.mean([measure(*population.draw(rng)) for _ in range(4 * replications)]))
    found = [measure.estimate(*population.draw(rng), confidence=confidence) for _ in range(replications)]
    covered = float(np.mean([estimate.low <= truth <= estimate.high for estimate in found]))
    return Coverage(truth, covered, replications, float(np.mean([bool(estimate.warning) for estimate in found])))
