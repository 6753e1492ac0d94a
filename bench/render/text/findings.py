"""Sentences from the results and verdicts, and from nothing else: same, changed, or can't tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bench.analysis import outcomes, wording
from bench.analysis.choice import Choice, chosen_difference, smallest_keeping
from bench.analysis.claims import Claim, claims_on, losses, nothing_to_lose
from bench.analysis.departures import departures
from bench.analysis.inside import first_scaled
from bench.analysis.networks import title_of
from bench.analysis.sameness import InsideClaim, insides_of
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.names import short
from bench.render.kit.prose import Sentence, Strong, counted, named
from bench.render.text import captions
from bench.render.text.within import in_points, paragraph
from bench.roles import ORIGINAL
from bench.statistics.equivalence import withheld
from bench.task import with_unit


def findings(study: Study) -> list[Sentence]:
    """One paragraph per model, then what could not be told."""
    return [
        *(paragraph(of_model(study, model)) for model in study.models),
        *(sentence for model in study.models for sentence in by_family(study, model)),
        *undecided(study),
    ]


def of_model(study: Study, model: str) -> Iterator[Sentence]:
    """The findings on one model, in sentences."""
    if not study.has_results(model):
        yield (Strong(title_of(study, model)), ": no method has a result.")
        return
    yield (Strong(f"{title_of(study, model)}."),)
    yield from unchanged_accuracy(study, model)
    yield from less_original(study, model)
    yield from inside(study, model)


def unchanged_accuracy(study: Study, model: str) -> Iterator[Sentence]:
    """The smallest file that loses little on validation images, or that no method is shown to keep the accuracy."""
    outcome = outcomes.primary(study)
    claims = claims_on(study, outcome, model)
    smallest = smallest_keeping(study, model, [claim.evidence.variant for claim in claims])
    if smallest:
        claim = next(claim for claim in claims if claim.evidence.variant == smallest.label)
        yield from _smallest(study, model, smallest, claim)
    if any(claim.within for claim in claims):
        return
    if silent := nothing_to_lose(study).get(model):
        yield (silent,)
        return
    yield (f"No method was shown to match its reference within {wording.margin(outcome)}.",)
    if claims and all(claim.changed for claim in claims):
        yield ("All have changed.",)
    elif needed := wording.would_tell(claim for claim in claims if claim.undecided):
        yield (needed,)


def _smallest(study: Study, model: str, smallest: Choice, claim: Claim) -> Iterator[Sentence]:
    """The smallest file that loses little, its difference on test images, and its word."""
    on = " on validation images" if smallest.by == "validation" else ""
    yield (
        f"The smallest that loses at most {wording.loss_that_matters(study)}{on} is ",
        Strong(study.plan.variant(smallest.label).title),
        f" at {wording.file_size(study, model, smallest.label)}.",
    )
    lost = in_points(study, chosen_difference(study, model, smallest))
    yield (f"On test images {study.primary.noun} changes by {lost} from the original's.",)
    against = claim.evidence.reference
    if against != ORIGINAL:
        beside = study.plan.variant(against).title if against else "its reference"
        yield (f"Against {beside}{_decided(study, claim)}: {wording.verdict(claim)}.",)
    else:
        yield (f"The word on it: {wording.verdict(claim)}.",)
    if chosen := wording.chosen(study, smallest):
        yield (chosen,)


def _decided(study: Study, claim: Claim) -> str:
    """What a word stands on: the difference, with the interval that decides if one does; empty if there is none."""
    difference, verdict = claim.evidence.difference, claim.verdict
    if not difference.n:
        return ""
    if np.isfinite(verdict.low):
        difference = replace(difference, low=verdict.low, high=verdict.high)
    primary = study.primary
    return f" by {wording.signed(difference, primary.digits, unit=with_unit('', primary.unit))}"


def less_original(study: Study, model: str) -> Iterator[Sentence]:
    """How many of the methods that trained on are shown to differ from the original itself; a count, no verdict."""
    compared = [lost for (name, _), lost in losses(study).items() if name == model and np.isfinite(lost.p_corrected)]
    few = study.withholds and withheld(study.seeds, study.plan.alpha)
    if compared and not few and model not in nothing_to_lose(study):
        shown = [lost.difference.value for lost in compared if lost.shown]
        worse = sum(value < 0 for value in shown)
        noun = study.primary.noun
        yield (
            f"Against the original itself, {noun} is lower for {worse} and higher for {len(shown) - worse} of "
            f"{counted(len(compared), 'method')} with another reference.",
        )
        yield ("This count gives no verdict (Benjamini-Hochberg).",)


def inside(study: Study, model: str) -> Iterator[Sentence]:
    """Which insides are the same, changed, or can't be told: a sentence for each word."""
    claims = insides_of(study, model)
    if not claims:
        yield ("Its inside was not compared with the original's.",)
    predicates = dict.fromkeys(wording.inside_words(claim).predicate for claim in sorted(claims, key=_order))
    for predicate in predicates:
        alike = [claim for claim in claims if wording.inside_words(claim).predicate == predicate]
        names = _insides(study, alike)
        yield ("The inside ", Strong(predicate), f" for {counted(len(alike), 'method')}{names and ': '}{names}.")


def _order(claim: InsideClaim) -> tuple[bool, bool, bool]:
    """Identical first, then the same, then what changed."""
    return not claim.identical, not claim.same, not claim.changed


def _insides(study: Study, claims: list[InsideClaim]) -> str:
    """Names of the claims' methods, the nearest to the original first."""
    ordered = sorted(claims, key=lambda claim: _farness(study, claim))
    return named([_of_variant(study, claim.variant, claim.seeds) for claim in ordered])


def _of_variant(study: Study, variant: str, seeds: int) -> str:
    """A method, with its seeds if some are missing."""
    title = study.plan.variant(variant).title
    return title if seeds == study.seeds else f"{title} (n = {seeds})"


def _farness(study: Study, claim: InsideClaim) -> float:
    """Its distance from the original by the first measure on a scale; infinite if it has none."""
    measured = claim.measures.get(first_scaled(study.plan))
    return measured.distance.value if measured and np.isfinite(measured.distance.value) else np.inf


def by_family(study: Study, model: str) -> Iterator[Sentence]:
    """What one kind of compression does to the inside that another does not; nothing for a single family."""
    # Every method has one family, so that the counts of the families add up to the methods with a claim.
    families: dict[str, list[InsideClaim]] = {}
    tested = insides_of(study, model)
    for claim in tested:
        families.setdefault(study.plan.variant(claim.variant).family, []).append(claim)
    if len(families) > 1 and any(claim.family for claim in tested):
        by = (_family(study, name, claims) for name, claims in families.items())
        yield (Strong(f"By family, {title_of(study, model)}. "), " ".join(by))


def _family(study: Study, family: str, claims: list[InsideClaim]) -> str:
    """How many of a family's insides changed, how far all of it is from the original, and where any changes first."""
    changed = [claim for claim in claims if claim.changed]
    distances = [far for claim in claims if np.isfinite(far := _farness(study, claim))]
    beyond = [block for claim in changed for block in departures(study, claim.model, claim.variant) or ()]
    by = short(wording.measure_title(study, first_scaled(study.plan)))
    says = []
    if distances:
        whose = f"the median distance of all {len(distances)}" if len(distances) > 1 else "its distance"
        says.append(f"{whose} is {decimal(float(np.median(distances)), 2)} seed-equivalents")
    if beyond:
        says.append(f"the first block that changed is {min(beyond, key=lambda claim: claim.depth).block}")
    name = f"{family[:1].upper()}{family[1:]}"
    count = f"{name}: inside changed for {len(changed)} of {counted(len(claims), 'method')}."
    return f"{count} By {by}, {', and '.join(says)}." if says else count


def undecided(study: Study) -> Iterator[Sentence]:
    """What could not be told, and what would tell: a paragraph per outcome."""
    for outcome in outcomes.outcomes(study):
        claims = claims_on(study, outcome)
        if unsure := [claim for claim in claims if claim.undecided]:
            needed = wording.would_tell(unsure)
            yield (Strong(f"{outcome.title}. "), f"{_of(unsure, claims)}{needed and ' '}{needed}")
    insides = insides_of(study)
    if untold := [claim for claim in insides if claim.undecided]:
        why = " ".join(captions.why_none_same(study))
        yield (Strong("The inside. "), f"{_of(untold, insides)}{why and ' '}{why}")


def _of(unsure: Sequence[Claim | InsideClaim], claims: Sequence[Claim | InsideClaim]) -> str:
    return f"Can't tell for {len(unsure)} of {counted(len(claims), 'compressed network')}."
