"""Block by block: how similar each is to the original's, and where a network departs from the control."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, nan

from bench.analysis import inside
from bench.analysis.study import Study, judgement
from bench.roles import CONTROL
from bench.statistics.estimate import Estimate
from bench.statistics.multiplicity import benjamini_hochberg
from bench.statistics.tests import t_of


@dataclass(frozen=True)
class BlockClaim:
    """One block of one variant: similarity to the original, and how it differs from the control's.

    Attributes:
        depth: from the input, 0 is the first block.
        beyond: less the control's; None if it cannot be paired.
        p, p_corrected: that `beyond` is 0; NaN for a control, which is not tested.
    """

    model: str
    variant: str
    feature: str
    block: str
    depth: int
    similarity: Estimate
    beyond: Estimate | None
    p: float
    p_corrected: float = nan


@judgement
def blocks(study: Study) -> list[BlockClaim]:
    """Every block of every variant; Benjamini-Hochberg over methods and blocks of a model and feature."""
    # Which blocks changed is a search among many, so the false discovery rate is held and not the chance of any error:
    # Holm over dozens of correlated blocks would find almost none. Verdicts rest on the mean over blocks alone.
    return [
        claim for model in study.models for feature in study.plan.features for claim in _judged(study, model, feature)
    ]


def _judged(study: Study, model: str, feature: str) -> list[BlockClaim]:
    drafts = [claim for label in inside.comparable(study.plan) for claim in _drafts(study, model, label, feature)]
    family = f"methods x blocks of {model}, {feature}"
    corrected = benjamini_hochberg([draft.p for draft in drafts], family=family, alpha=study.plan.alpha)
    return [replace(draft, p_corrected=p) for draft, p in zip(drafts, corrected.p)]


def _drafts(study: Study, model: str, variant: str, feature: str) -> list[BlockClaim]:
    """One variant's blocks before correction."""
    compared, control = (study.insides.get((model, label, feature)) for label in (variant, CONTROL))
    if compared is None:
        return []
    paired = control is not None and variant != CONTROL and compared.influence.shape == control.influence.shape
    tested = not study.plan.variant(variant).control
    claims = []
    for depth, block in enumerate(compared.blocks):
        beyond = compared.beyond_at(control, depth) if paired and control is not None else None
        p = t_of(beyond).p if beyond is not None and tested else nan
        claims.append(BlockClaim(model, variant, feature, block, depth, compared.at(depth), beyond, p))
    return claims


def departures(study: Study, model: str, variant: str) -> list[BlockClaim] | None:
    """The blocks shown to be farther from the original than the control's, from the input; None if none was tested."""
    asked = (model, variant, study.plan.features[0])
    tested = [
        claim
        for claim in blocks(study)
        if (claim.model, claim.variant, claim.feature) == asked and isfinite(claim.p_corrected)
    ]
    if not tested:
        return None
    shown = [claim for claim in tested if claim.p_corrected <= study.plan.alpha]
    return [claim for claim in shown if claim.beyond is not None and claim.beyond.value < 0]
