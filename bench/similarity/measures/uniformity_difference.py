"""Difference in how evenly images spread over the space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from bench.errors import InputError
from bench.similarity.algebra.geometry import block, squared_distances
from bench.similarity.families.difference import Difference
from bench.similarity.measure import Invariance, OnRows

TOO_FAR = "Images lie so far apart on a side that its uniformity is log(1/n) whatever they are."


@dataclass(frozen=True)
class UniformityDifference(Difference):
    """|u(x) - u(y)| with u = log of the mean over all n² pairs of exp(-t‖xᵢ - xⱼ‖²).

    Conventions (ReSi's): t = 2, pairs of an image with itself count, and representations are taken as they are; Wang
    and Isola put them on the unit sphere first. If all distances are large, u is log(1/n) on both sides and the
    difference is 0, which a warning says.

    Args:
        t: sharpness of the kernel, per squared unit of the activations.

    Source: Wang and Isola 2020.
    """

    t: float = 2.0

    title: ClassVar[str] = "Uniformity difference"
    invariances: ClassVar[tuple[Invariance, ...]] = ("permutation", "orthogonal", "translation")
    source: ClassVar[str] = "wang2020understanding"

    def __post_init__(self) -> None:
        if not self.t > 0.0:
            raise InputError(f"Uniformity difference: t must be above 0, not {self.t!r}.")

    # At distances far beyond 1/√t only the n pairs of an image with itself count: u = log(n/n²) whatever the images.
    def warning(self, x: np.ndarray, y: np.ndarray) -> str:
        everyone = np.arange(len(x))
        alone = min(self.of_rows(side)(everyone) for side in (x, y)) < np.log(1.01 / len(x))
        return TOO_FAR if alone else ""

    def of_rows(self, side: np.ndarray) -> OnRows:
        exponents = -self.t * squared_distances(side)
        return lambda rows: float(logsumexp(block(exponents, rows)) - 2.0 * np.log(len(rows)))
