"""Block by block: how similar each is to the original's, and where a network departs from the control."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis import inside
from bench.analysis.study import Study, judgement
from bench.roles import CONTROL
from bench.statistics.estimate import Estimate
from bench.statistics.multiplicity import benjamini_hochberg
from bench.statistics.tests import t_of


@dataclass(frozen=True)
class BlockClaim:
    """One block of one variant: similarity to the original, and how it differs from the control's."""

    model: str
    variant: str
    feature: str
    block: str
    depth: int
    similarity: Estimate
    beyond: Estimate | None
    p: float
    p_corrected: float


@judgement
def blocks(study: Study) -> list[BlockClaim]:
    """Every block of every variant; Benjamini-Hochberg over methods and blocks of a model and feature."""
    return [
        claim for model in study.models for feature in study.plan.features for claim in _blocks(study, model, feature)
    ]


def _blocks(study: Study, model: str, feature: str) -> list[BlockClaim]:
    control = study.insides.get((model, CONTROL, feature))
    drafts = []
    for variant in inside.comparable(study.plan):
        own = study.insides.get((model, variant, feature))
        for depth, block in enumerate(own.blocks if own else ()):
            assert own is not None
            fits = control is not None and variant != CONTROL and own.influence.shape == control.influence.shape
            beyond = own.beyond_at(control, depth) if fits and control is not None else None
            tested = beyond is not None and not study.plan.variant(variant).control
            p = t_of(beyond).p if beyond is not None and tested else float("nan")
            drafts.append((variant, block, depth, own.at(depth), beyond, p))
    family = f"methods x blocks of {model}, {feature}"
    adjusted = benjamini_hochberg([draft[-1] for draft in drafts], family=family, alpha=study.plan.alpha).p
    return [BlockClaim(model, v, feature, b, d, s, y, p, q) for (v, b, d, s, y, p), q in zip(drafts, adjusted)]


def departures(study: Study, model: str, variant: str) -> list[BlockClaim] | None:
    """The blocks that are farther from the original than the control's, from the input; None where none was judged."""
    feature, alpha = study.plan.features[0], study.plan.alpha
    judged = [
        claim
        for claim in blocks(study)
        if (claim.model, claim.variant, claim.feature) == (model, variant, feature)
        and claim.p_corrected == claim.p_corrected
    ]
    if not judged:
        return None
    return [each for each in judged if each.p_corrected <= alpha and each.beyond is not None and each.beyond.value < 0]
