"""What a distance on the inside is to be read beside: fine-tuning alone, a second training, and random weights."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from bench.analysis.distances import distance, loss
from bench.analysis.inside import CROSS_PROBE
from bench.analysis.sameness import MeasureClaim, in_points, nonnegative
from bench.analysis.study import Study
from bench.roles import CONTROL, OTHER_SEED, RANDOM
from bench.statistics.estimate import Estimate

LANDMARKS = {CONTROL: "fine-tuned", OTHER_SEED: "retrained", RANDOM: "random weights"}


@dataclass(frozen=True)
class OnScale:
    """Where one network lies by one measure, in seed-equivalents or, for the cross-probe, in points.

    Attributes:
        distance: from the original, with its 95% interval.
        reference: the distance of what its word is beyond of; 0 for the original itself, NaN if unknown.
        low, high: ends of the interval that decides, from the original; NaN if none decides.
        margin: the distance from the original at which its word turns.
        beyond: from the reference, with its 95% interval; None if it cannot be paired.
    """

    distance: Estimate
    reference: float
    low: float
    high: float
    margin: float
    beyond: Estimate | None


def landmark(study: Study, model: str, variant: str, measure: str) -> Estimate | None:
    """The distance of a network that no word is given for; None if it was not compared by the measure."""
    feature = study.plan.features[0]
    if measure == CROSS_PROBE:
        lost = loss(study, model, variant, feature)
        several = [in_points(at) for at in lost.at if isfinite(at.value)] if lost else []
        return max(several, key=lambda at: at.value, default=None)
    one = distance(study, model, variant, feature, measure)
    if one is None:
        return None
    found = nonnegative(one.overall.ratio(study.plan.margins.inside))
    return found if isfinite(found.value) else None


# A word stands on the distance beyond the reference's, and a reader compares distances from the original. Moved by the
# reference's own distance r, the deciding interval [r + low, r + high] lies beyond r + margin exactly if the test does,
# so that one axis holds both, with the margin of each network at its own place.
def place(study: Study, model: str, claim: MeasureClaim, variant: str) -> OnScale:
    """Where a claim's network lies."""
    beyond = _beyond(study, model, claim, variant)
    reference = claim.distance.value - beyond.value if beyond else float("nan")
    return OnScale(
        distance=claim.distance,
        reference=reference,
        low=reference + claim.low,
        high=reference + claim.high,
        margin=reference + claim.margin,
        beyond=beyond,
    )


def _beyond(study: Study, model: str, claim: MeasureClaim, variant: str) -> Estimate | None:
    feature = study.plan.features[0]
    if claim.measure == CROSS_PROBE:
        lost = loss(study, model, variant, feature)
        if lost is None or lost.beyond is None or claim.block not in lost.blocks:
            return None
        return in_points(lost.beyond[lost.blocks.index(claim.block)])
    one = distance(study, model, variant, feature, claim.measure)
    return one.beyond.ratio(study.plan.margins.inside) if one and one.beyond else None
