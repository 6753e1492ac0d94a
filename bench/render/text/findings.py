"""Sentences from the results and verdicts, and from nothing else: same, changed, or can't tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from bench.analysis import outcomes, wording
from bench.analysis.budget import Within, best_within, fitting, headline_budget
from bench.analysis.choice import chosen_difference, smallest_keeping
from bench.analysis.claims import Claim, claims_on, losses, nothing_to_lose
from bench.analysis.departures import departures
from bench.analysis.inside import first_scaled
from bench.analysis.sameness import InsideClaim, insides_of
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.prose import Sentence, Strong, counted, listed
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.statistics.equivalence import withheld
from bench.statistics.estimate import Estimate
from bench.task import with_unit


def findings(study: Study) -> list[Sentence]:
    """One paragraph per model, then what could not be told."""
    return [
        *(paragraph(of_model(study, model)) for model in study.models),
        *(sentence for model in study.models for sentence in by_family(study, model)),
        *undecided(study),
    ]


def paragraph(sentences: Iterable[Sentence], separator: str = " ") -> Sentence:
    """Sentences, or parts of one, after one another."""
    joined: list[str] = []
    for sentence in sentences:
        joined += [*([separator] if joined else []), *sentence]
    return tuple(joined)


def of_model(study: Study, model: str) -> Iterator[Sentence]:
    """The findings on one model, in sentences."""
    if not study.has_results(model):
        yield (Strong(model), ": no method has a result.")
        return
    yield from within_budget(study, model)
    yield unchanged_accuracy(study, model)
    yield from less_original(study, model)
    yield inside(study, model)


def within_budget(study: Study, model: str) -> Iterator[Sentence]:
    """The method to use under the headline's budget."""
    budget = headline_budget(study)
    if budget is None:
        return
    within = best_within(study, model, budget * 1e3)
    if within is None:
        yield (Strong(model), f": {nothing_within(study, model, budget)}.")
        return
    payload, original = (study.payload(model, label) for label in (within.best, ORIGINAL))
    smaller = f", {decimal(original / payload, 1)} times smaller than the original" if np.isfinite(original) else ""
    yield (
        Strong(model),
        f": under {wording.kilobytes(budget)} the {study.primary.best} is ",
        Strong(study.plan.variant(within.best).title),
        f", {wording.level_in_words(study, within.level)} at {wording.size(payload)}{smaller}"
        f" (original {wording.level(study, model, ORIGINAL)}{_apart(study, within)})",
        *against_others(study, model, within),
        ".",
    )
    if chosen := wording.chosen(study, within.choice):
        yield (chosen,)


def _apart(study: Study, within: Within) -> str:
    return f", difference {in_points(study, within.difference)}" if within.difference.n else ""


def in_points(study: Study, difference: Estimate) -> str:
    """A difference of the primary outcome, unscaled, as printed, e.g. "−0.10 points [−0.31, +0.11]"."""
    primary = study.primary
    return wording.signed(difference, primary.digits, scale=primary.scale, unit=with_unit("", primary.unit))


def nothing_within(study: Study, model: str, budget: float) -> str:
    """Why no method can be named under a budget (kB): the end of a sentence."""
    if fitting(study, model, budget * 1e3):
        noun = study.primary.noun
        return f"no method of at most {wording.kilobytes(budget)} has {'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    return f"no method fits into {wording.kilobytes(budget)}"


def against_others(study: Study, model: str, within: Within) -> Sentence:
    """How many others lose little to the most accurate, and how many cannot be told from it: the end of a sentence."""
    if within.seeds < 2:
        return ("; one seed cannot tell methods apart",)
    if not within.others:
        return (", the only method that fits",)
    if within.silent == "seeds":
        return (f"; {within.seeds} seeds cannot tell methods apart",)
    if within.silent == "chance":
        return ("; with nothing to lose, no method is told from another",)
    # Two questions: "close" methods are shown to lose less than the margin, "undecided" ones are not shown to be worse.
    # A method may be both, and with few seeds or much spread most are undecided.
    few = f"; {_others(len(within.untested))} with too few seeds to be tested" if within.untested else ""
    tested = within.others - len(within.untested)
    if not (within.close or within.undecided):
        return (f", ahead of {_others(tested, every=True)}{' that fit' * (not few)}{few}",) if tested else (few,)
    parts: list[str] = []
    if within.close:
        loses = f"{'is' if len(within.close) == 1 else 'are'} shown to lose less than"
        parts.append(f"; {_others(len(within.close))} {loses} {wording.loss_that_matters(study)} to it")
    if within.undecided:
        parts.append(f"; {_others(len(within.undecided))} cannot be told from it")
    return (*parts, few)


def _others(count: int, *, every: bool = False) -> str:
    if count == 1:
        return "the 1 other" if every else "1 other"
    return f"all {count} others" if every else f"{count} others"


def unchanged_accuracy(study: Study, model: str) -> Sentence:
    """The smallest file that loses little on validation images, and for which methods the accuracy is the same."""
    outcome = outcomes.primary(study)
    claims, noun = claims_on(study, outcome, model), study.primary.noun
    smallest = smallest_keeping(study, model, [claim.evidence.variant for claim in claims])
    parts: list[str] = []
    if smallest:
        claim = next(claim for claim in claims if claim.evidence.variant == smallest.label)
        on = " on validation images" if smallest.by == "validation" else ""
        lost = in_points(study, chosen_difference(study, model, smallest))
        parts = [
            f"The smallest that loses at most {wording.loss_that_matters(study)}{on} is ",
            Strong(study.plan.variant(smallest.label).title),
            f" ({wording.size(study.payload(model, smallest.label))}); on test images, {lost} to the original"
            f"{_word(study, claim)}. {wording.chosen(study, smallest)}".rstrip(),
        ]
    if any(claim.within for claim in claims):
        return tuple(parts)
    if silent := nothing_to_lose(study).get(model):
        return (*parts, f"{' ' if parts else ''}{silent}")
    undecided = [claim for claim in claims if claim.undecided]
    needed = wording.seeds_that_would_tell(undecided)
    more = f"; were there no difference, {needed} would, by the method's spread" if needed else ""
    if claims and all(claim.changed for claim in claims):
        more = "; all have changed"
    none = f"For none is {noun} shown to be within {wording.margin(outcome)} of that of its reference{more}."
    return (*parts, f" {none}" if parts else none)


def _word(study: Study, claim: Claim) -> str:
    """A claim's word behind the difference to the original, with its reference if that is another."""
    against = claim.evidence.reference
    beside = f"; beside {study.plan.variant(against).title}" if against and against != ORIGINAL else ""
    return f"{beside}: {wording.verdict(claim)}"


def less_original(study: Study, model: str) -> Iterator[Sentence]:
    """How many of the methods that trained on are shown to differ from the original itself; a count, no verdict."""
    compared = [lost for (name, _), lost in losses(study).items() if name == model and np.isfinite(lost.p_corrected)]
    few = study.withholds and withheld(study.seeds, study.plan.alpha)
    if compared and not few and model not in nothing_to_lose(study):
        shown = [lost.difference.value for lost in compared if lost.shown]
        worse = sum(value < 0 for value in shown)
        noun = study.primary.noun
        yield (
            f"Beside the original itself, {noun} is lower for {worse} and higher for {len(shown) - worse} of the "
            f"{counted(len(compared), 'method')} whose reference is another (Benjamini-Hochberg; a count, no verdict).",
        )


def inside(study: Study, model: str) -> Sentence:
    """Which insides are the same, changed, or can't be told."""
    claims = insides_of(study, model)
    if not claims:
        return ("Its inside was not compared with the original's.",)
    parts: list[Sentence] = []
    predicates = dict.fromkeys(wording.inside_words(claim).predicate for claim in sorted(claims, key=_order))
    for predicate in predicates:
        alike = [claim for claim in claims if wording.inside_words(claim).predicate == predicate]
        within = f" (within {wording.inside_margin(study)})" if all(claim.within for claim in alike) else ""
        parts.append((Strong(predicate), f"{within} for {_insides(study, alike)}"))
    return (f"Its inside ({study.plan.features[0]} features) ", *paragraph(parts, "; it "), ".")


def _order(claim: InsideClaim) -> tuple[bool, bool, bool]:
    """Identical first, then the same, then what changed."""
    return not claim.identical, not claim.same, not claim.changed


def _insides(study: Study, claims: list[InsideClaim]) -> str:
    """Names of the claims' methods, the nearest to the original first."""
    ordered = sorted(claims, key=lambda claim: _farness(study, claim))
    return listed([_of_variant(study, claim.variant, claim.seeds) for claim in ordered], most=4)


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
        yield (
            Strong(f"By family, {model}: "),
            "methods whose inside has changed (after Holm): "
            f"{'; '.join(_family(study, name, claims) for name, claims in families.items())}. In brackets: the median "
            "distance of the family from the original, and the first block, from the input, that is beyond the margin "
            "in one of those methods (after Benjamini-Hochberg).",
        )


def _family(study: Study, family: str, claims: list[InsideClaim]) -> str:
    """How many of a family's insides changed, how far it is from the original, and from which block on."""
    changed = [claim for claim in claims if claim.changed]
    finite = [far for claim in claims if np.isfinite(far := _farness(study, claim))]
    beyond = [block for claim in changed for block in departures(study, claim.model, claim.variant) or ()]
    notes = [f"{decimal(float(np.median(finite)), 2)} seed-equivalents"] if finite else []
    if beyond:
        notes.append(f"from {min(beyond, key=lambda claim: claim.depth).block}")
    return f"{family} {len(changed)} of {len(claims)}" + (f" ({', '.join(notes)})" if notes else "")


def _undecided_counts(claims: Mapping[str, Sequence[Claim | InsideClaim]]) -> list[str]:
    """How many of a network's claims cannot be told, for every network that has one."""
    open_ = {model: sum(claim.undecided for claim in of_model) for model, of_model in claims.items()}
    return [f"{count} of {counted(len(claims[model]), 'method')} on {model}" for model, count in open_.items() if count]


def undecided(study: Study) -> list[Sentence]:
    """What could not be told, and how many seeds would tell: one sentence per outcome."""
    sentences: list[Sentence] = []
    for outcome in outcomes.outcomes(study):
        claims = {model: claims_on(study, outcome, model) for model in study.models}
        if counts := _undecided_counts(claims):
            needed = wording.seeds_that_would_tell(
                claim for of_model in claims.values() for claim in of_model if claim.undecided
            )
            more = f"; were there no difference, {needed} would show it, by the method's spread" if needed else ""
            sentences.append((Strong(f"Can't tell, {outcome.title}: "), f"{listed(counts)}{more}."))
    if counts := _undecided_counts({model: insides_of(study, model) for model in study.models}):
        why = " ".join(captions.why_none_same(study))
        sentences.append((Strong("Can't tell, the inside: "), f"{listed(counts)}.{' ' if why else ''}{why}"))
    return sentences
