"""Centring, norms and distances that several measures share: float64, and distances exactly symmetric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.similarity.algebra.precision import as_double, rounding_room
from bench.similarity.algebra.strips import strips

NEAR = 1e-6  # share of the norms' squares
PAIRS_AT_ONCE = 2**22  # numbers subtracted at once, 32 MiB
TIE = 1e-11  # share of the largest distance; up to 5e-13 is the arithmetic's for pairs that are just not near


def centred(x: np.ndarray) -> np.ndarray:
    """x less its column means."""
    # Twice: the mean of equal numbers is rounded, so that a unit that never changes would be left with a constant of
    # the order of 1e-16, which later divisions by its norm would blow up. The second mean takes that constant off.
    values = x - x.mean(0)
    values -= values.mean(0)
    return values


# A unit that never changes comes out of float32 arithmetic with other last digits per image. Divided by a norm, or
# ranked, those digits would count as much as a live unit's. A unit is dead if what is left of it after centring is at
# most c ε/2 of what it was before, ε the precision that it was computed in (`rounding_room`).
def spread(x: np.ndarray) -> np.ndarray:
    """x less its column means, float64; exactly 0 for units whose spread is rounding alone.

    Args:
        x: (n, d) in the precision it was computed in.
    """
    values = as_double(x)
    deviations = centred(values)
    dead = np.linalg.norm(deviations, axis=0) <= rounding_room(x.dtype) * np.linalg.norm(values, axis=0)
    deviations[:, dead] = 0.0
    return deviations


def live(x: np.ndarray) -> np.ndarray:
    """x in float64, with zeros for units whose spread is rounding alone."""
    return np.where(spread(x).any(axis=0), as_double(x), 0.0)


def unit_norm(x: np.ndarray) -> np.ndarray:
    """x divided by its Frobenius norm; NaN if x is 0."""
    size = np.linalg.norm(x)
    return x / size if size > 0.0 else np.full_like(x, np.nan)


def compact(x: np.ndarray) -> np.ndarray:
    """At most n columns with the same inner products between rows."""
    # x = LQ with orthonormal rows in Q, so that x xᵀ = L Lᵀ: for d > n the (n, n) triangle L stands for x wherever only
    # inner products between images count, and every subsample is decomposed at width n instead of d.
    n, d = x.shape
    return np.asarray(np.linalg.qr(x.T, mode="r")).T if d > n else x


@dataclass(frozen=True)
class Vectors:
    """One vector per image, between which distances are taken.

    Attributes:
        rows: (n, d) float64; their mean does not count.
        errors: (n,) how far rounding of the activations, as they came in, can have moved each.
    """

    rows: np.ndarray
    errors: np.ndarray


def as_they_are(x: np.ndarray) -> Vectors:
    """The activations."""
    return Vectors(spread(x), rounding_room(x.dtype) * np.linalg.norm(as_double(x), axis=1))


def directions(x: np.ndarray) -> Vectors:
    """Rows of unit length, half of whose squared distance is 1 - cosine; rows of zeros stay."""
    return _unit(as_double(x), np.linalg.norm(as_double(x), axis=1), x.dtype)


def profiles(x: np.ndarray) -> Vectors:
    """Rows less their means over units and of unit length, half of whose squared distance is 1 - Pearson correlation.

    A row that is constant up to rounding becomes one of zeros.
    """
    values = as_double(x)
    return _unit(centred(values.T).T, np.linalg.norm(values, axis=1), x.dtype)


def _unit(values: np.ndarray, sizes: np.ndarray, precision: np.dtype) -> Vectors:
    lengths = np.linalg.norm(values, axis=1)
    errors = np.divide(rounding_room(precision) * sizes, lengths, out=np.ones_like(sizes), where=lengths > 0.0)
    rows = unit_rows(values)
    rows[errors >= 1.0] = 0.0
    return Vectors(rows, np.where(errors >= 1.0, 0.0, errors))


# ‖a - b‖² = ‖a‖² + ‖b‖² - 2ab subtracts large numbers if the images share a large mean, which no distance contains: it
# is taken off first. For images much nearer to each other than to the mean it still does: duplicates would be √ε apart,
# and medians, ranks and neighbours be made of that. Pairs nearer than √NEAR of their distance from the mean are
# subtracted unit by unit, so that duplicates are at exactly 0 and others right to 1e-13 of the norms. What rounding of
# the activations as they came in can make, the sum of both images' errors, is 0 too.
def squared_between(vectors: Vectors) -> np.ndarray:
    """Squared Euclidean distances between rows, (n, n), diagonal exactly 0, never negative."""
    rows = centred(vectors.rows)
    n, norms = len(rows), np.einsum("ij,ij->i", rows, rows)
    squared = np.empty((n, n))
    for strip in strips(n):
        # From the diagonal rightwards, and mirrored, also within the square on the diagonal: exactly symmetric.
        beyond = slice(strip.start, n)
        products = rows[strip] @ rows[beyond].T
        products *= -2.0
        sizes = norms[strip, None] + norms[beyond]
        products += sizes
        np.maximum(products, 0.0, out=products)
        _subtract_near(products, np.triu(products <= NEAR * sizes, 1), rows[beyond])
        products[products <= (vectors.errors[strip, None] + vectors.errors[beyond]) ** 2] = 0.0
        height = strip.stop - strip.start
        above = np.triu(products[:, :height], 1)
        products[:, :height] = above + above.T
        squared[strip, beyond] = products
        squared[strip.stop :, strip] = products[:, height:].T
    return squared


def _subtract_near(squared: np.ndarray, near: np.ndarray, rows: np.ndarray) -> None:
    """Write the distances of the pairs that are `near`, unit by unit; both count from the same first row."""
    near_i, near_j = np.nonzero(near)
    at_once = max(1, PAIRS_AT_ONCE // rows.shape[1])
    for start in range(0, len(near_i), at_once):
        i, j = near_i[start : start + at_once], near_j[start : start + at_once]
        squared[i, j] = ((rows[i] - rows[j]) ** 2).sum(1)


def squared_distances(x: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances between rows, (n, n), diagonal exactly 0, never negative."""
    return squared_between(as_they_are(x))


def distances(x: np.ndarray) -> np.ndarray:
    """Euclidean distances between rows, (n, n)."""
    squared = squared_distances(x)
    return np.sqrt(squared, out=squared)


def cosine_distances(x: np.ndarray) -> np.ndarray:
    """1 - cosine between rows, (n, n), diagonal 0; a row of zeros is at distance 1 from all others."""
    return between_units(directions(x))


def correlation_distances(x: np.ndarray) -> np.ndarray:
    """1 - Pearson correlation between rows, (n, n), diagonal 0; a constant row is at distance 1 from all others."""
    return between_units(profiles(x))


# 1 - uv would be right to ε alone; half of ‖u - v‖² is right to ε of itself also where images are nearly collinear.
def between_units(vectors: Vectors) -> np.ndarray:
    """1 - cosine between rows of unit length, (n, n), diagonal 0; a row of zeros is at distance 1 from all others."""
    distance = squared_between(vectors)
    distance /= 2.0
    np.minimum(distance, 2.0, out=distance)
    zero = ~vectors.rows.any(axis=1)
    distance[zero] = distance[:, zero] = 1.0
    np.fill_diagonal(distance, 0.0)
    return distance


# Equal distances (duplicate images, dead units, collinear images) come out of the arithmetic equal up to their last
# digits only. Ranked as they are, rounding would decide their order, and with many ties the value. They are rounded to
# steps of the root, on which rounding is about as large for small distances as for large ones: TIE of the largest for
# the arithmetic, or what rounding can have moved a typical image by as its activations came in, if that is more.
def settled(squared: np.ndarray, vectors: Vectors) -> np.ndarray:
    """Squared distances (or halves of them), written over so that those equal up to rounding are exactly equal."""
    step = max(TIE * float(np.sqrt(squared.max())), float(np.median(vectors.errors)))
    if step > 0.0:
        for strip in strips(len(squared)):
            roots = np.sqrt(squared[strip])
            roots /= step
            np.round(roots, out=roots)
            roots *= step
            np.square(roots, out=squared[strip])
    return squared


def unit_rows(x: np.ndarray) -> np.ndarray:
    """Rows divided by their length; rows of zeros stay."""
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, lengths, out=np.zeros_like(x), where=lengths > 0.0)
