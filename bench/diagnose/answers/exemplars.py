"""Images that most seeds of the original get right and most seeds of the compressed network get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import binom

from bench.errors import InputError
from bench.statistics.multiplicity import Corrected, benjamini_hochberg
from bench.statistics.tests import Significance

LARGEST_EXACT = 12  # seeds up to which all patterns of swaps are counted
DRAWS = 4096  # patterns beyond that
BLOCK = 256  # patterns at a time: (BLOCK, n) counts stay small
ROUNDING = 1e-9  # two values are the same within this share of the largest
ONE_SEED = "One seed: most seeds is that seed, and nothing can be said of another training."


@dataclass(frozen=True, slots=True)
class Exemplars:
    """Compression-identified exemplars (Hooker et al. 2019), beside what chance and the control give.

    The tests' statistic is the consistent loss Σᵢ max(dᵢ, 0)², dᵢ the share of seeds of the original that get image i
    right minus that of the compressed network: a number of images, each weighted by how many seeds agree on its loss.

    Attributes:
        indices: (k,) the exemplars, those with the largest loss of right answers first; of equal loss, if answers are
            known, those that most seeds give the same wrong answer to, and of these each class in turn.
        original_rate, compressed_rate: (n,) share of seeds that get each image right.
        control_rate: (n,) the same of the control; None without a control.
        expected: mean number of exemplars if the original and the compressed network were swapped within seeds: what
            chance gives where compression changes nothing.
        control_count: number of images that are exemplars of the control; None without a control.
        chance: is the consistent loss larger than chance gives? Seeds swap the original and the compressed network.
        control: is it larger than the control's? Seeds swap the control and the compressed network.
        images: for every image by itself, one-sided sign-flip over seeds, Benjamini-Hochberg over all images.
    """

    indices: np.ndarray
    original_rate: np.ndarray
    compressed_rate: np.ndarray
    control_rate: np.ndarray | None
    expected: float
    control_count: int | None
    chance: Significance
    control: Significance | None
    images: Corrected

    @property
    def count(self) -> int:
        """Number of exemplars."""
        return len(self.indices)

    @property
    def share(self) -> float:
        """Of all images, 0 to 1."""
        return len(self.indices) / len(self.original_rate)


def exemplars(
    original: ArrayLike,
    compressed: ArrayLike,
    labels: ArrayLike,
    control: ArrayLike | None = None,
    *,
    alpha: float = 0.05,
    seed: int = 0,
) -> Exemplars:
    """Exemplars, and tests of whether more is lost than by chance and than in the control.

    >>> labels = np.zeros(3, dtype=int)
    >>> right, hurt = [[[1.0, 0.0]] * 3] * 5, [[[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]] * 5
    >>> lost = exemplars(right, hurt, labels)
    >>> lost.indices, lost.chance.p
    (array([1, 2]), 0.03125)

    Args:
        original, compressed, control: (S, n, classes) logits of the same seeds and images.
        labels: (n,).
        alpha: level of the images' correction.
        seed: of the patterns, which are drawn if there are more than 12 seeds.

    Raises:
        InputError: shapes that do not fit.
    """
    first, second = right(original, labels, "original"), right(compressed, labels, "compressed")
    third = None if control is None else right(control, labels, "control")
    found = lost(first, second, third, alpha=alpha, seed=seed)
    answers = np.asarray(compressed)[:, found.indices].argmax(2)
    return replace(found, indices=found.indices[_clearest(first, second, found.indices, answers, np.asarray(labels))])


def lost(
    original: np.ndarray,
    compressed: np.ndarray,
    control: np.ndarray | None = None,
    *,
    alpha: float = 0.05,
    seed: int = 0,
) -> Exemplars:
    """What most seeds of the original get right and most of the compressed network do not, of whatever can be right.

    >>> lost(np.array([[True, True]] * 5), np.array([[True, False]] * 5)).indices
    array([1])

    Args:
        original, compressed, control: (S, n) bool of the same seeds and images, or objects in images.
        alpha, seed: see `exemplars`.

    Raises:
        InputError: shapes that do not fit.
    """
    first, second, third = original, compressed, control
    for name, answers in (("compressed", second), ("control", third)):
        if answers is not None and answers.shape != first.shape:
            raise InputError(f"{name}: expected {first.shape[0]} seeds as of the original, not {answers.shape[0]}.")
    indices = np.flatnonzero(_exemplar(first, second))
    order = np.argsort((second.sum(0) - first.sum(0))[indices], kind="stable")
    return Exemplars(
        indices=indices[order],
        original_rate=first.mean(0),
        compressed_rate=second.mean(0),
        control_rate=None if third is None else third.mean(0),
        expected=_expected(first, second, seed),
        control_count=None if third is None else int(_exemplar(first, third).sum()),
        chance=_by_chance(first, second, seed),
        control=None if third is None else _beyond(first, second, third, seed),
        images=_by_image(first, second, alpha),
    )


def _clearest(
    first: np.ndarray, second: np.ndarray, indices: np.ndarray, answers: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """The order in which exemplars are shown; `answers` are (S, k) of the compressed network."""
    # On thousands of images all seeds may agree, and files list them class by class: the first few would be of one.
    gain = (second.sum(0) - first.sum(0))[indices]
    votes = most_wrong(answers, labels[indices])[1]
    alike = pd.DataFrame({"gain": gain, "votes": votes, "label": labels[indices]})
    turn = alike.groupby(["gain", "votes", "label"]).cumcount().to_numpy()
    return np.lexsort((labels[indices], turn, -votes, gain))


def right(logits: ArrayLike, labels: ArrayLike, name: str = "logits") -> np.ndarray:
    """Which answers are right, (S, n) bool.

    Raises:
        InputError: logits that are not (S, n, classes) for labels (n,).
    """
    values, truth = np.asarray(logits), np.asarray(labels)
    if values.ndim != 3 or values.shape[1:2] != truth.shape or 0 in values.shape:
        raise InputError(f"{name}: expected (S, n, classes) with n = {len(truth)} labels, not {values.shape}.")
    return values.argmax(2) == truth


def most_wrong(answers: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k,) the most frequent of (S, k) classes that is not the image's own, of several the lowest; and how often.

    >>> most_wrong(np.array([[2, 0], [2, 1], [1, 1], [0, 1]]), np.array([0, 1]))
    (array([2, 0]), array([2, 1]))
    """
    # argmax takes the first of equal counts, which is the lowest class.
    counts = [np.bincount(votes[votes != label]) for votes, label in zip(answers.T, labels)]
    most, votes = ([int(call(count)) for count in counts] for call in (np.argmax, np.max))
    return np.array(most, dtype=np.int64), np.array(votes, dtype=np.int64)


def _exemplar(original: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mask (n,): more than half of the original's seeds are right and fewer than half of the other's; (S, n) bool."""
    return (2 * original.sum(0) > len(original)) & (2 * other.sum(0) < len(other))


def _expected(original: np.ndarray, compressed: np.ndarray, seed: int) -> float:
    """Mean number of exemplars over the patterns in which seeds swap the original and the compressed network."""
    # If compression changed nothing but the seed's luck, every pattern would be as likely as the observed one, so that
    # their mean is what the count is on average. (Placing changed answers on images at random is no such null: changes
    # gather on the images that are hard anyway, and 0.26 found stood beside an expectation of 0.002.)
    # An image that all seeds answer alike on both sides has equal numbers of right seeds, whatever is swapped.
    patterns, differ = _patterns(len(original), seed)[0], (original != compressed).any(axis=0)
    swapped = _swapped(original[:, differ], compressed[:, differ], patterns)
    return float(np.concatenate([_turned(one, other, len(original)) for one, other in swapped]).mean())


def _turned(before: np.ndarray, after: np.ndarray, seeds: int) -> np.ndarray:
    """Number of images that most seeds get right before and wrong after, from (..., n) numbers of seeds."""
    return ((2 * before > seeds) & (2 * after < seeds)).sum(-1)


def _consistent_loss(before: np.ndarray, after: np.ndarray, seeds: int, more: int = 0) -> np.ndarray:
    """Σᵢ max(dᵢ, 0)², in images, from the numbers of seeds that are right, (..., n); `more` is of further images."""
    return (_squares(before, after) + more) / seeds**2


def _squares(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Σᵢ max(dᵢ, 0)² S²."""
    return (np.maximum(before - after, 0).astype(np.int64) ** 2).sum(-1)


def _by_chance(original: np.ndarray, compressed: np.ndarray, seed: int) -> Significance:
    # Under the null hypothesis a seed's original and compressed network are exchangeable: swapping them changes nothing
    # in distribution. A seed's answers are swapped for all images at once, since seeds are independent and images are
    # not.
    patterns, test = _patterns(len(original), seed)
    differ = (original != compressed).any(axis=0)
    swapped = _swapped(original[:, differ], compressed[:, differ], patterns)
    losses = [_consistent_loss(a, b, len(original)) for a, b in swapped]
    return _significance(np.concatenate(losses), len(original), test, "consistent loss, images")


def _beyond(original: np.ndarray, compressed: np.ndarray, control: np.ndarray, seed: int) -> Significance:
    # The same test of the difference of two losses from one original: that of the compressed network and that of the
    # control, which are exchangeable if compression hurts no more than the control does. The original is never swapped.
    # What every seed answers alike under both counts alike on both sides, by whatever pattern.
    seeds, differ = len(original), (compressed != control).any(axis=0)
    before, alike = original[:, differ].sum(0), int(_squares(original[:, ~differ].sum(0), control[:, ~differ].sum(0)))
    patterns, test = _patterns(seeds, seed)
    differences = [
        _consistent_loss(before, a, seeds, alike) - _consistent_loss(before, b, seeds, alike)
        for a, b in _swapped(compressed[:, differ], control[:, differ], patterns)
    ]
    return _significance(np.concatenate(differences), seeds, test, "consistent loss beyond the control's, images")


def _patterns(seeds: int, seed: int) -> tuple[np.ndarray, str]:
    """Patterns of swaps (patterns, S), the first one without any swap, and the test in words."""
    if seeds <= LARGEST_EXACT:
        every = (np.arange(2**seeds)[:, None] >> np.arange(seeds)) & 1 == 1
        return every, f"exact swap of the two networks within seeds, all {len(every)} patterns"
    drawn = np.random.default_rng(seed).integers(0, 2, size=(DRAWS, seeds)) == 1
    drawn[0] = False
    return drawn, f"swap of the two networks within seeds, {DRAWS - 1} random patterns (seed {seed})"


def _swapped(first: np.ndarray, second: np.ndarray, patterns: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Number of seeds that are right on either side after swapping, in blocks: (patterns, n) and (patterns, n)."""
    # Swapping seed s changes side one by second[s] - first[s], so all patterns are one matrix product; the two sides
    # always add up to the same total. float32 is exact for counts of seeds and lets BLAS do it.
    gain = second.astype(np.float32) - first.astype(np.float32)
    before, total = first.sum(0), first.sum(0) + second.sum(0)
    for start in range(0, len(patterns), BLOCK):
        side = before + np.rint(patterns[start : start + BLOCK].astype(np.float32) @ gain).astype(int)
        yield side, total - side


def _significance(values: np.ndarray, seeds: int, test: str, estimand: str) -> Significance:
    """One-sided test: the share of patterns whose value is at least the first, which is that of no swap."""
    return Significance(
        p=float((values >= values[0] - ROUNDING * np.abs(values).max()).mean()),
        statistic=float(values[0]),
        n=seeds,
        unit="seed",
        test=test,
        alternative="greater",
        smallest_attainable_p=1 / len(values),
        warning=ONE_SEED if seeds == 1 else "",
        estimand=estimand,
    )


def _by_image(original: np.ndarray, compressed: np.ndarray, alpha: float) -> Corrected:
    # Only seeds whose answer changed count. Flipping their signs at random makes the number lost binomial with 1/2, so
    # the exact sign-flip test of one image is the sign test.
    lost, won = (original & ~compressed).sum(0), (~original & compressed).sum(0)
    p = binom.sf(lost - 1, lost + won, 0.5)
    return benjamini_hochberg(p, family="one-sided sign-flip over seeds, every image", alpha=alpha)
