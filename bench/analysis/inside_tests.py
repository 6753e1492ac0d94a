"""Tests of one network's inside against the margin, measure by measure, before any correction over networks.

Every word stands on a margin m, since distances have 0 as a boundary and a test of "is it 0?" finds every rounding.
For measures on a scale the contrast is L = (A_ref - A) - m (1 - A_other), over seeds and images, with the scale's own
error (see `bench.statistics.scaled`); for the cross-probe it is the loss of accuracy less the margin of accuracy.

*A measure on a scale* is *same* if L of the mean over blocks is shown to be below 0 and no block's L is above 0;
*changed* if L of the mean is shown to be above 0. The mean alone would let a deep network hide one ruined block: with
20 blocks a block may move two seed-equivalents before their mean moves 0.1. So a block that lies beyond the margin in
its own scale stands against *same* at any depth, whether or not that is shown: that a test among 20 does not find it
is no evidence that it is within. It does not make the measure *changed*, which is a claim about the mean. A block that
the measure is undefined for in this network but not in another training (dead units) stands against *same* too.

*The cross-probe* has no mean over blocks, since a loss in one block is no smaller for the others: *same* if every
block's loss is shown to be below the margin (an intersection-union test: each block at alpha, whatever their number),
*changed* if any block's is shown to be above it after Holm over the blocks. Few changed images carry few losses, and
an estimated variance is too sure of them: beside t stands the score test, whose variance is that of a share of exactly
the margin, m (1 - m)/n, and p is never below (1 - m)^n, that of not one changed image among n, whose upper bound is
about 3/n (Hanley and Lippman-Hand 1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, expm1, log, log1p, nan, sqrt

import numpy as np
from scipy import special

from bench.analysis.distances import Distance, ProbeLoss
from bench.statistics.arrays import ROUNDING, joined
from bench.statistics.estimate import Estimate
from bench.statistics.multiplicity import holm
from bench.statistics.scaled import NO_OTHER, NO_SEED, NO_UNIT, Scaled
from bench.statistics.tests import t_of

POINTS = 100.0
NO_REFERENCE = "Its reference has no value in any seed that it has one in."


@dataclass(frozen=True)
class Tested:
    """What the data say before any correction.

    Attributes:
        p_same: that the distance beyond the reference is at least the margin; 1 where something stands against "same".
        p_changed: two-sided, that it is the margin.
        p_farther: two-sided, that it is 0; NaN where no direction is said.
        beyond: that distance, in the unit of the margin.
        against: what stands against "same", one sentence; empty if nothing.
        block, worst: the blocks that decide "same" and "changed", where single ones do.
    """

    p_same: float
    p_changed: float
    p_farther: float = nan
    beyond: float = nan
    against: str = ""
    block: str = ""
    worst: str = ""


def on_scale(distance: Distance, margin: float) -> Tested:
    """A measure on the scale of another seed's; NaN where there is no scale, or no reference to take off."""
    beyond = distance.beyond
    if distance.equal:
        return Tested(0.0, 1.0, 1.0, 0.0)
    if beyond is None:
        return Tested(nan, nan, nan)
    if not beyond.beyond_zero():
        return Tested(nan, nan, nan, against=joined(_lacking(distance.refused), _no_scale(distance, beyond)))
    contrast = beyond.contrast(margin)
    against = joined(_lacking(distance.refused), _ruined(distance, beyond, margin))
    return Tested(
        p_same=1.0 if against else t_of(contrast, alternative="less").p,
        p_changed=_twice(t_of(contrast, alternative="greater").p),
        p_farther=t_of(beyond.contrast(0.0)).p,
        beyond=beyond.distance / beyond.unit,
        against=against,
    )


def block_p(beyond: Scaled, margin: float) -> float:
    """That one block's distance beyond the reference is the margin, two-sided against more; NaN without a scale."""
    return _twice(t_of(beyond.contrast(margin), alternative="greater").p) if beyond.beyond_zero() else nan


def of_loss(loss: ProbeLoss, margin: float, alpha: float) -> Tested:
    """The cross-probe's loss against a margin, both as shares of the images."""
    if loss.beyond is None:
        return Tested(nan, nan)
    same = np.array([_p_below(lost, margin, changed, loss.images) for lost, changed in zip(loss.beyond, loss.changed)])
    more = np.array([_twice(t_of(lost, null=margin, alternative="greater").p) for lost in loss.beyond])
    unpaired = tuple(name for name, p in zip(loss.blocks, same) if not np.isfinite(p) and name not in loss.refused)
    against = joined(_lacking(loss.refused), f"Its reference was not read at {unpaired[0]}." if unpaired else "")
    if not np.isfinite(same).any():
        return Tested(nan, nan, against=against)
    # Of blocks that say the same, the one that loses most is named.
    value = [lost.value for lost in loss.beyond]
    several = np.flatnonzero(np.isfinite(same)).tolist()
    last = max(several, key=lambda index: (round(float(same[index]), 6), value[index]))
    worst = min(several, key=lambda index: (round(_or_one(float(more[index])), 12), -value[index]))
    return Tested(
        p_same=1.0 if against else float(same[last]),
        p_changed=min([p for p in holm(more).p if np.isfinite(p)], default=nan),
        beyond=value[int(last)],
        against=joined(against, _too_few(loss.images, margin, alpha)),
        block=loss.blocks[int(last)],
        worst=loss.blocks[int(worst)],
    )


def images_needed(margin: float, alpha: float) -> int:
    """Probe images below which not even an unchanged answer to every one shows a loss below the margin.

    >>> images_needed(0.005, 0.05)
    598
    """
    return ceil(log(alpha) / log1p(-margin))


def _too_few(images: int, margin: float, alpha: float) -> str:
    needed = images_needed(margin, alpha)
    if images >= needed:
        return ""
    return (
        f"{images} probe images cannot show a loss below {POINTS * margin:g} points, even if none changes: at least "
        f"{needed:,} are needed."
    )


def loss_interval(lost: Estimate, margin: float, changed: int, images: int, tail: float) -> tuple[float, float]:
    """Ends of the loss in one block with `tail` beyond each, as the tests have them."""
    least = -expm1(log(tail) / images)  # (1 - least)^n = tail
    if not changed:
        return 0.0, least
    t = float(special.stdtrit(lost.df, 1 - tail)) if lost.df > 0 else nan
    z = float(special.ndtri(1 - tail))
    upper = (lost.value + t * lost.standard_error, lost.value + z * _binomial(margin, images), least)
    return lost.value - t * lost.standard_error, max(upper)


def _p_below(lost: Estimate, margin: float, changed: int, images: int) -> float:
    """One-sided: that a loss is at least the margin."""
    if lost.n < 2 or not images:
        return nan
    least = (1.0 - margin) ** images
    if not changed:
        return least
    score = float(special.ndtr((lost.value - margin) / _binomial(margin, images)))
    return max(t_of(lost, null=margin, alternative="less").p, score, least)


def _binomial(margin: float, images: int) -> float:
    """Standard error of the share of lost images were it the margin."""
    return sqrt(margin * (1.0 - margin) / images)


def _ruined(distance: Distance, beyond: Scaled, margin: float) -> str:
    """Which blocks lie beyond the margin, in a sentence; empty if none does."""
    several = distance.beyond_at or ()
    # A block in which no training differs from another has no scale of its own: the network's is its measure.
    units = [block.unit if block.unit > ROUNDING else beyond.unit for block in several]
    apart = [block.distance / unit for block, unit in zip(several, units)]
    ruined = [index for index, far in enumerate(apart) if far > margin]
    if not ruined or distance.counted.sum() < 2:
        return ""
    worst = max(ruined, key=apart.__getitem__)
    several_lie = (
        f"{len(ruined)} blocks lie beyond the margin, farthest" if len(ruined) > 1 else "Beyond the margin lies"
    )
    return f"{several_lie} {distance.blocks[worst]}, {apart[worst]:.2f} seed-equivalents beyond the reference's."


def _no_scale(distance: Distance, beyond: Scaled) -> str:
    """Why there is nothing to measure in, or nothing to measure; empty if blocks that are refused say it all."""
    if not distance.overall.seeds:
        return "" if distance.refused else NO_SEED
    if not beyond.seeds:
        return NO_REFERENCE
    return NO_UNIT if np.isfinite(beyond.unit) else NO_OTHER


def _lacking(blocks: tuple[str, ...]) -> str:
    return (
        f"Undefined for this network at {', '.join(blocks[:3])}{' and others' * (len(blocks) > 3)}." if blocks else ""
    )


def _or_one(p: float) -> float:
    return p if np.isfinite(p) else 1.0


def _twice(p: float) -> float:
    return min(1.0, 2.0 * p) if np.isfinite(p) else nan
