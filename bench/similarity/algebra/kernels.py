"""Normalised inner products of double-centred n × n matrices: biased CKA of kernels, correlation of distances."""

from __future__ import annotations

import numpy as np

from bench.similarity.algebra.geometry import block, double_centred
from bench.similarity.measure import OnRows


def alignment(first: np.ndarray, second: np.ndarray) -> float:
    """Cosine between two double-centred symmetric matrices; NaN if one of them is 0."""
    # Of two kernels this is CKA with the biased (V-statistic) HSIC, of two matrices of distances the squared distance
    # correlation. The diagonal counts, and with many units per image it makes independent representations look similar.
    a, b = double_centred(first), double_centred(second)
    sizes = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.vdot(a, b) / sizes) if sizes > 0.0 else float("nan")


def alignment_on_rows(first: np.ndarray, second: np.ndarray) -> OnRows:
    """`alignment` as a function of the images that are kept."""
    return lambda rows: alignment(block(first, rows), block(second, rows))
