"""Block by block: how far each is from the original's by each measure, and which are shown to be beyond the margin."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import isfinite, nan

from bench.analysis.claims import nothing_to_lose
from bench.analysis.distances import Distance, ProbeLoss, compared, measures
from bench.analysis.inside import first_scaled
from bench.analysis.inside_tests import POINTS, block_p
from bench.analysis.reference import reference
from bench.analysis.sameness import in_points, nonnegative
from bench.analysis.study import Study, judgement
from bench.statistics.equivalence import withheld
from bench.statistics.estimate import Estimate
from bench.statistics.multiplicity import benjamini_hochberg
from bench.statistics.tests import t_of


@dataclass(frozen=True)
class BlockClaim:
    """One block of one variant by one measure: how far it is from the original's, and from the reference's distance.

    Attributes:
        depth: from the input, 0 is the first block.
        value: the measure on its own scale; of the cross-probe the loss as a share.
        distance: from the original, in seed-equivalents; of the cross-probe in points.
        beyond: less the reference's, in the same unit; None if it cannot be paired.
        p, p_corrected: that `beyond` is the margin, against more; NaN for a control, which is not tested.
    """

    model: str
    variant: str
    feature: str
    measure: str
    block: str
    depth: int
    value: Estimate
    distance: Estimate
    beyond: Estimate | None
    p: float
    p_corrected: float = nan

    def departs(self, alpha: float) -> bool:
        """Whether it is shown to be beyond the margin."""
        return self.p_corrected <= alpha


@judgement
def blocks(study: Study) -> list[BlockClaim]:
    """Every block of every variant; Benjamini-Hochberg over methods and blocks of a model, feature and measure."""
    # Which blocks changed is a search among many, so the false discovery rate is held and not the chance of any error:
    # Holm over dozens of correlated blocks would find almost none. It stands on the margin, as all words on the inside
    # do: every rounding moves every block by more than 0.
    return [
        claim
        for model in study.models
        for feature in study.plan.features
        for measure in measures(study)
        for claim in _judged(study, model, feature, measure)
    ]


def departures(study: Study, model: str, variant: str, measure: str = "") -> list[BlockClaim] | None:
    """The blocks shown to be beyond the margin, from the input; None if none was tested.

    Args:
        measure: by name; the first on a scale of those that decide unless given.
    """
    tested = _tested(study).get((model, variant, study.plan.features[0], measure or first_scaled(study.plan)))
    return [claim for claim in tested if claim.departs(study.plan.alpha)] if tested else None


@judgement
def _tested(study: Study) -> dict[tuple[str, str, str, str], list[BlockClaim]]:
    """By model, variant, feature and measure."""
    tested = defaultdict(list)
    for claim in blocks(study):
        if isfinite(claim.p_corrected):
            tested[claim.model, claim.variant, claim.feature, claim.measure].append(claim)
    return dict(tested)


def _judged(study: Study, model: str, feature: str, measure: str) -> list[BlockClaim]:
    drafts = [
        claim
        for (name, label), network in compared(study).items()
        if name == model and (feature, measure) in network.by
        for claim in _drafts(study, model, label, feature, measure)
    ]
    family = f"methods x blocks of {model}, {feature}, {measure}"
    corrected = benjamini_hochberg([draft.p for draft in drafts], family=family, alpha=study.plan.alpha)
    return [replace(draft, p_corrected=p) for draft, p in zip(drafts, corrected.p)]


def _drafts(study: Study, model: str, variant: str, feature: str, measure: str) -> list[BlockClaim]:
    """One variant's blocks before correction."""
    one = compared(study)[model, variant].by[feature, measure]
    tested = not study.plan.variant(variant).control and reference(study, model, variant).kind != "retrained"
    claims, silent = [], nothing_to_lose(study).get(model, "")
    for depth, block in enumerate(one.blocks):
        value, distance, beyond, p = (
            _on_scale(study, one, depth) if isinstance(one, Distance) else _lost(study, one, depth)
        )
        few = study.withholds and withheld(beyond.n if beyond else 0, study.plan.alpha)
        name = (model, variant, feature, measure, block, depth)
        claims.append(BlockClaim(*name, value, distance, beyond, p if tested and not (few or silent) else nan))
    return claims


Measured = tuple[Estimate, Estimate, Estimate | None, float]


def _on_scale(study: Study, one: Distance, depth: int) -> Measured:
    margin, beyond = study.plan.margins.inside, one.beyond_at[depth] if one.beyond_at else None
    distance = nonnegative(one.overall_at[depth].ratio(margin))
    if beyond is None:
        return one.at[depth], distance, None, nan
    return one.at[depth], distance, beyond.ratio(margin), block_p(beyond, margin)


def _lost(study: Study, one: ProbeLoss, depth: int) -> Measured:
    beyond = one.beyond[depth] if one.beyond else None
    if beyond is None:
        return one.at[depth], in_points(one.at[depth]), None, nan
    test = t_of(beyond, null=study.plan.margins.accuracy / POINTS, alternative="greater")
    return one.at[depth], in_points(one.at[depth]), in_points(beyond), min(1.0, 2 * test.p) if isfinite(test.p) else nan
