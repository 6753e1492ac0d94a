"""The family of tests that words on the insides of one network's compressed variants stand on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from bench.analysis.claims import nothing_to_lose
from bench.analysis.distances import Distance, ProbeLoss, compared
from bench.analysis.inside_tests import POINTS, Tested, of_loss, on_scale
from bench.analysis.reference import Reference, reference
from bench.analysis.study import Study, measurement
from bench.statistics.equivalence import CANT_TELL, CHANGED, SAME, Word, withheld
from bench.statistics.multiplicity import Corrected, holm

RETRAINED = "It was trained from initial weights: its distance is described, and no word is given."
NO_PROBE = "This task has no accuracy for a probe to lose."


@dataclass(frozen=True)
class InsideWord:
    """What is said of one network's inside, as `InsideClaim` has it, without the numbers."""

    model: str
    variant: str
    word: Word | None
    identical: bool
    nothing_to_lose: str


@dataclass(frozen=True)
class Draft:
    """One network before correction.

    Attributes:
        tested: by measure, of the first convention of features.
        p_same, p_changed: of the deciding measures together.
        excluded: why it is in no family, one sentence; empty if it is in one.
    """

    variant: str
    reference: Reference
    found: Mapping[str, Distance | ProbeLoss]
    tested: Mapping[str, Tested]
    p_same: float
    p_changed: float
    identical: bool
    seeds: int
    excluded: str
    nothing_to_lose: str

    @property
    def lost(self) -> str:
        """Why there are no words, where an observation does not stand all the same."""
        return "" if self.identical else self.nothing_to_lose


def inside_words(study: Study) -> list[InsideWord]:
    """The words of `insides_of` alone: many studies of other terms ask for nothing else."""
    return [
        InsideWord(model, draft.variant, word_of(study, draft, p), draft.identical, draft.lost)
        for model in study.models
        for draft, p, _, _ in corrected(study, model, study.plan.similarity.inside)
    ]


def corrected(
    study: Study, model: str, names: Iterable[str] | None = None
) -> Iterator[tuple[Draft, tuple[float, float], tuple[float, float], Corrected]]:
    """The networks that were compared, each with its p of "same" and "changed", their levels, and the family.

    Args:
        names: of the measures that are tested; None for all.
    """
    methods = study.plan.methods
    drafts = [draft for variant in methods if (draft := _draft(study, model, variant.label, names)) is not None]
    family, alpha = f"compressed variants of {model}, the inside", study.plan.alpha
    inside = [not draft.excluded and not draft.identical for draft in drafts]
    same, changed = (
        holm([p if member else nan for p, member in zip(values, inside)], family=family, alpha=alpha)
        for values in ([draft.p_same for draft in drafts], [draft.p_changed for draft in drafts])
    )
    for index, draft in enumerate(drafts):
        # A network outside the family is tested alone, so that its measures can be read, but given no word.
        levels = (_or(same.levels[index], alpha), _or(changed.levels[index], alpha))
        yield draft, (same.p[index], changed.p[index]), levels, same


def word_of(study: Study, draft: Draft, p: tuple[float, float]) -> Word | None:
    """The word of one network; None if it was trained anew."""
    # "Same" and "changed" are asked of the corrected p; that of the measures of the raw one at Holm's level.
    if draft.reference.kind == "retrained" and not draft.identical:
        return None
    if draft.excluded:
        return CANT_TELL
    return SAME if p[0] <= study.plan.alpha else CHANGED if p[1] <= study.plan.alpha else CANT_TELL


def _draft(study: Study, model: str, variant: str, names: Iterable[str] | None) -> Draft | None:
    network = compared(study).get((model, variant))
    if network is None:
        return None
    feature, deciding = study.plan.features[0], study.plan.similarity.inside
    found = {measure: one for (convention, measure), one in network.by.items() if convention == feature}
    tested = {name: _tested(study, (model, variant, name), found[name]) for name in names or found if name in found}
    against = reference(study, model, variant)
    seeds = min((_seeds(found[name]) for name in deciding if name in found), default=0)
    lost = nothing_to_lose(study).get(model, "")
    excluded = RETRAINED if against.kind == "retrained" else against.reason if against.inside_label is None else ""
    excluded = lost or (f"{excluded[:1].upper()}{excluded[1:].rstrip('.')}." if excluded else "")
    if not excluded and study.withholds:
        # Where no seed has a value, why it has none says more than that none are too few.
        excluded = withheld(seeds or study.seeds, study.plan.alpha)
    # A measure that was not taken, or that gives no p, shows neither.
    tests = [tested.get(name, Tested(nan, nan)) for name in deciding]
    same, changed = [_or(test.p_same, 1.0) for test in tests], [_or(test.p_changed, 1.0) for test in tests]
    return Draft(
        variant=variant,
        reference=against,
        found=found,
        tested=tested,
        p_same=max(same, default=nan),
        p_changed=min(1.0, len(changed) * min(changed, default=nan)),
        identical=network.identical,
        seeds=seeds,
        excluded=excluded,
        nothing_to_lose=lost,
    )


@measurement
def _tests(_: Study) -> dict[tuple[Any, ...], Tested]:
    """By network, measure and all that a test stands on besides what was measured; filled as tests are asked for."""
    return {}


def _tested(study: Study, name: tuple[str, str, str], one: Distance | ProbeLoss) -> Tested:
    # Studies of other terms repeat most of a study's tests.
    plan, tests = study.plan, _tests(study)
    key = (*name, plan.features[0], plan.margins.inside, plan.margins.accuracy, plan.alpha)
    if key not in tests:
        tests[key] = _against_margin(study, one)
    return tests[key]


def _against_margin(study: Study, one: Distance | ProbeLoss) -> Tested:
    if isinstance(one, Distance):
        return on_scale(one, study.plan.margins.inside)
    if not study.plan.task.classifies:
        return Tested(nan, nan, against=NO_PROBE)
    return of_loss(one, study.plan.margins.accuracy / POINTS, study.plan.alpha)


def _seeds(one: Distance | ProbeLoss) -> int:
    """Seeds behind a measure's test."""
    if isinstance(one, Distance):
        return one.beyond.seeds if one.beyond else one.overall.seeds
    return max((lost.n for lost in one.beyond or one.at), default=0)


def _or(p: float, otherwise: float) -> float:
    return p if isfinite(p) else otherwise
