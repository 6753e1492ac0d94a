"""Which images are held out and which form the probe set: draws that keep the classes' shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.errors import InputError

VERSION = 1  # raised whenever the same labels and seed give another draw
SHOWN = 10  # classes that a sentence names


def hold_out(labels: np.ndarray, share: float, seed: int, classes: Sequence[str]) -> np.ndarray:
    """Choose a share of every class, at least one image and never all of them.

    Args:
        labels: (n,) int64.
        share: of each class, between 0 and 1, both excluded.
        classes: names by label.

    Returns:
        (m,) int64, sorted indices of the images held out.

    Raises:
        InputError: the share is out of range, or a class has fewer than two images.
    """
    check_share(share)
    counts = np.bincount(labels, minlength=len(classes))
    few = [f"{name!r} has {count}" for name, count in zip(classes, counts, strict=True) if count < 2]
    if few:
        raise InputError(
            f"too few training images for a validation split: class {', '.join(few[:SHOWN])}"
            f"{f' and {len(few) - SHOWN:,} more' if len(few) > SHOWN else ''}, every class needs at least 2 "
            "(one to train on and one to validate on)"
        )
    return _draw(labels, _held_out(counts, share), seed)


def hold_out_of_few(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """As `hold_out`, but classes of a single image may be there: together they are divided as one class.

    Raises:
        InputError: the share is out of range, or nothing would be left to train or to validate on.
    """
    check_share(share)
    counts = np.bincount(labels)
    single = counts[labels] == 1
    together = np.where(single, len(counts), labels)  # a label of their own
    counts = np.bincount(together, minlength=len(counts) + 1)
    chosen = _draw(together, np.where(counts > 1, _held_out(counts, share), 0), seed)
    if not 0 < len(chosen) < len(labels):
        raise InputError(f"{len(labels)} training images are too few for a validation split: 2 or more are needed")
    return chosen


def check_share(share: float) -> None:
    """Refuse a share that leaves nothing on one side."""
    if not 0 < share < 1:
        raise InputError(f"the validation share must be above 0 and below 1, given {share}")


def _held_out(counts: np.ndarray, share: float) -> np.ndarray:
    """Validation images per class: at least one, and never all."""
    return np.clip(np.rint(share * counts), 1, counts - 1).astype(np.int64)


def probe(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Choose a number of test images, each class by its share (largest remainders).

    Args:
        labels: (n,) int64.

    Returns:
        (count,) int64, sorted indices.

    Raises:
        InputError: there are fewer test images.
    """
    if not 0 < count <= len(labels):
        raise InputError(f"a probe set of {count} images cannot be drawn from {len(labels)} test images")
    return _draw(labels, _apportion(np.bincount(labels), count), seed)


def _apportion(counts: np.ndarray, seats: int) -> np.ndarray:
    """Share out `seats` in proportion to `counts`: quotas rounded down, and one more for the largest remainders."""
    # Quotas rounded one by one would not add up to `seats`. divmod gives the integer part of counts * seats / total and
    # the remainder exactly; among equal remainders the lower label comes first (stable sort).
    floors, remainders = np.divmod(counts * seats, counts.sum())
    largest = np.argsort(-remainders, kind="stable")[: seats - floors.sum()]
    floors[largest] += 1
    return floors


def _draw(labels: np.ndarray, per_class: np.ndarray, seed: int) -> np.ndarray:
    """`per_class[c]` images of each class c, sorted."""
    # The first images of a random permutation of each class, every class with a random stream of its own: a larger
    # share contains the smaller one, and a change in one class leaves the draw from all others as it was.
    chosen = [
        np.random.default_rng((seed, label)).permutation(np.flatnonzero(labels == label))[:number]
        for label, number in enumerate(per_class)
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)
