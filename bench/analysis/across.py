"""All networks together: what a method does on average over the models, and how the models rank the methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from bench.analysis.claims import Claim, claim_on
from bench.analysis.distances import distance
from bench.analysis.inside import CROSS_PROBE, first_scaled, yardstick
from bench.analysis.outcomes import primary
from bench.analysis.study import Study, judgement
from bench.errors import InputError
from bench.roles import CONTROL
from bench.statistics.mixed import JointAnalysis, joint_analysis
from bench.statistics.rankings import FEWEST, Ranking, rank_methods
from bench.statistics.superiority import OnNetworks, on_networks


@dataclass(frozen=True)
class Across:
    """One outcome over all models.

    Attributes:
        title: what is compared.
        unit: of differences.
        joint: every method against the fine-tuned control; None if there is no control, or too few networks.
        ranking: of the methods, the larger the better; None if they cannot be ranked.
        notes: why there is no joint analysis or no ranking, in sentences.
        same, lower: of the primary outcome, by method: on at least how many networks it is shown to be within the
            margin of its reference, and to be below it; empty for fewer than three networks.
    """

    title: str
    unit: str
    joint: JointAnalysis | None = None
    ranking: Ranking | None = None
    notes: tuple[str, ...] = ()
    same: Mapping[str, OnNetworks] = field(default_factory=dict)
    lower: Mapping[str, OnNetworks] = field(default_factory=dict)


@judgement
def across(study: Study) -> tuple[Across, ...]:
    """The task's primary outcome and the inside's similarity, each if anything can be said of all networks together."""
    if len(study.models) < 2 or not study.plan.methods:
        return ()
    accuracy, name = primary(study), first_scaled(study.plan)
    shown = tuple(_on_networks(study, p_of) for p_of in (_p_same, _p_lower))
    both = [_across(study, accuracy.quantity, accuracy.unit, partial(accuracy.values, study), *shown)]
    if name != CROSS_PROBE:
        title = yardstick(study.plan, name).title
        both.append(_across(study, title, "nearer", partial(_nearness, study, name), {}, {}))
    return tuple(network for network in both if network.joint or network.ranking or network.same or network.lower)


def _nearness(study: Study, name: str, model: str, variant: str) -> np.ndarray:
    """(S,) how near the inside is to the original's by a measure, mean over blocks: the larger the nearer."""
    one = distance(study, model, variant, study.plan.features[0], name)
    if one is None or not one.counted.any():
        return np.full(study.seeds, np.nan)
    return -one.yardstick.sign * one.values[:, one.counted].mean(axis=1)


def _across(
    study: Study,
    title: str,
    unit: str,
    values: Callable[[str, str], np.ndarray],
    same: Mapping[str, OnNetworks],
    lower: Mapping[str, OnNetworks],
) -> Across:
    # Levels and not differences go into the joint model: it takes the control as a method of its own and estimates
    # every method's contrast to it, with a random intercept for each trained network.
    labels = [variant.label for variant in study.plan.methods]
    levels = {(model, label): values(model, label) for model in study.models for label in (*labels, CONTROL)}
    means = {label: np.array([_mean(levels[model, label]) for model in study.models]) for label in labels}
    ranked = {label: by_model for label, by_model in means.items() if np.isfinite(by_model).any()}
    ranking = rank_methods(ranked, alpha=study.plan.alpha) if len(ranked) > 1 else None
    # In a complete design the joint model repeats the differences of single networks; it says more where there are
    # networks enough to be a sample, and cells are missing.
    joint = _joint(study, levels) if len(study.models) >= FEWEST else None
    # Fewer networks are ranked by nobody, which is no news of this study.
    unranked = ranking.note if ranking and not ranking.methods and len(study.models) >= FEWEST else ""
    notes = [joint.note if joint and not joint.effects else "", unranked]
    return Across(
        title,
        unit,
        joint if joint and joint.effects else None,
        ranking if ranking and ranking.methods else None,
        tuple(filter(None, notes)),
        same,
        lower,
    )


def _on_networks(study: Study, p_of: Callable[[Claim], float]) -> dict[str, OnNetworks]:
    """By method, on at least how many networks something is shown, corrected over networks and over methods."""
    labels, found = [variant.label for variant in study.plan.methods], {}
    for label in labels:
        claims = [claim_on(study, model, label, primary(study)) for model in study.models]
        p = [p_of(claim) if claim and not claim.withheld else np.nan for claim in claims]
        over = on_networks(p, alpha=study.plan.alpha / len(labels))
        if over:
            found[label] = over
    return found


def _p_same(claim: Claim) -> float:
    """That it is within the margin of its reference."""
    return claim.raw.p_equivalent


def _p_lower(claim: Claim) -> float:
    """One-sided, that it is below its reference."""
    p = claim.raw.p_different / 2
    return p if claim.evidence.difference.value < 0 else 1 - p


def _joint(study: Study, levels: dict[tuple[str, str], np.ndarray]) -> JointAnalysis | None:
    rows = [
        (model, label, seed, value)
        for (model, label), values in levels.items()
        for seed, value in zip(study.plan.seeds, values.tolist())
        if np.isfinite(value)
    ]
    if not rows:
        return None
    models, methods, seeds, values = zip(*rows, strict=True)
    try:
        return joint_analysis(models, methods, seeds, np.array(values), reference=CONTROL)
    except InputError:  # the control is missing
        return None


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
