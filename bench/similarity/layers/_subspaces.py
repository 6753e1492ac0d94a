"""Canonical correlations and Procrustes distances of every pair of layers, each layer decomposed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from bench.errors import InputError
from bench.similarity import inputs
from bench.similarity.algebra.basis import (
    VARIANCE_KEPT,
    Basis,
    basis,
    correlations,
    leading_components,
    projection_weights,
    rounding_of,
    singular_values,
)
from bench.similarity.algebra.geometry import centred, compact
from bench.similarity.families.superposition import NEAR, matched_distance


@dataclass(frozen=True)
class SubspaceMaps:
    """Measures of every pair of layers of two networks, all (L1, L2), rows being layers of the first.

    Values are NaN if a layer has no spread; all but `procrustes` also if a side has as many units as images.

    Attributes:
        mean_cca, svcca, procrustes: as the measures of these names.
        pwcca: weighted by the first network's layer.
    """

    mean_cca: np.ndarray
    svcca: np.ndarray
    pwcca: np.ndarray
    procrustes: np.ndarray


class Bases:
    """The decompositions of a network's centred layers, to compare it with any number of others.

    >>> rng = np.random.default_rng(0)
    >>> bases = Bases([rng.normal(size=(100, 16)), rng.normal(size=(100, 32))])
    >>> subspaces(bases, bases).svcca.shape
    (2, 2)

    Args:
        layers: one (n, d_l) array per layer, of the same n images.
        threshold: SVCCA's share of the variance to keep.

    Raises:
        InputError: see `bench.similarity.inputs.layers`.
    """

    def __init__(self, layers: Sequence[ArrayLike], *, threshold: float = VARIANCE_KEPT, name: str = "layers"):
        arrays = inputs.layers(layers, name)
        self.n = len(arrays[0])
        self.of = [basis(compact(centred(array.astype(np.float64))), rounding_of(array)) for array in arrays]
        sizes = [float(np.linalg.norm(layer.s)) for layer in self.of]
        self.rounding = [rounding_of(array) / size if size else 0.0 for array, size in zip(arrays, sizes)]
        self.canonical = [array.shape[1] < self.n for array in arrays]
        self.kept = [leading_components(layer.s**2, threshold) if len(layer.s) else 0 for layer in self.of]
        # All bases side by side: M of every pair of layers is a block of a single product of two such matrices.
        self.stacked = np.hstack([layer.u for layer in self.of])
        self.starts = np.cumsum([0, *(len(layer.s) for layer in self.of)])

    def __len__(self) -> int:
        return len(self.of)


def subspaces(xs: Bases | Sequence[ArrayLike], ys: Bases | Sequence[ArrayLike]) -> SubspaceMaps:
    """Mean CCA, SVCCA, PWCCA and Procrustes distance of every layer of one network with every layer of another.

    Raises:
        InputError: the activations are unusable, or the networks were shown different numbers of images.
    """
    first = xs if isinstance(xs, Bases) else Bases(xs, name="xs")
    second = first if ys is xs else ys if isinstance(ys, Bases) else Bases(ys, name="ys")
    if first.n != second.n:
        raise InputError(f"The first network was shown {first.n} images and the second {second.n}.")
    maps = SubspaceMaps(*np.full((4, len(first), len(second)), np.nan))
    products = first.stacked.T @ second.stacked
    for row, a in enumerate(first.of):
        for column, b in enumerate(second.of):
            m = products[first.starts[row] : first.starts[row + 1], second.starts[column] : second.starts[column + 1]]
            if not m.size:
                continue
            maps.procrustes[row, column] = _procrustes(a, b, m, first.rounding[row] + second.rounding[column])
            if first.canonical[row] and second.canonical[column]:
                maps.mean_cca[row, column], maps.pwcca[row, column] = _canonical(a, m)
                # The bases' columns are principal components in falling order: SVCCA's M is the leading block.
                leading = m[: first.kept[row], : second.kept[column]]
                maps.svcca[row, column] = correlations(leading).mean()
    return maps


# XᵀY = v₁ (s₁ M s₂) v₂ᵀ has the singular values of its middle: the rotations v do not count.
def _procrustes(a: Basis, b: Basis, m: np.ndarray, rounding: float) -> float:
    sizes = float(np.linalg.norm(a.s) * np.linalg.norm(b.s))
    cosine = float(singular_values(a.s[:, None] * m * b.s).sum()) / sizes
    distance = float(np.sqrt(max(2.0 - 2.0 * cosine, 0.0)))
    return distance if distance >= NEAR else matched_distance(a.u * a.s, b.u * b.s, rounding)


def _canonical(a: Basis, m: np.ndarray) -> tuple[float, float]:
    """Mean CCA and PWCCA from one decomposition."""
    variates, rho, _ = linalg.svd(m, full_matrices=False, check_finite=False)
    rho = np.minimum(rho, 1.0)
    weights = projection_weights(variates, a.s[:, None] * a.vt)
    return float(rho.mean()), float(rho @ weights / weights.sum())
