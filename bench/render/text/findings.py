"""Sentences from the results and verdicts, and from nothing else: same, different, or can't tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

import numpy as np

from bench.analysis.budget import Within, best_within, fitting, headline_budget
from bench.analysis.claims import Claim, claims_on
from bench.analysis.departures import departures
from bench.analysis.outcomes import inside as the_inside
from bench.analysis.outcomes import outcomes, primary
from bench.analysis.study import Study
from bench.render.kit.prose import Sentence, Strong, listed
from bench.render.kit.table import decimal
from bench.roles import ORIGINAL
from bench.statistics.equivalence import DIFFERENT, DIFFERENT_BUT_SMALL, EQUIVALENT, INCONCLUSIVE, Word
from bench.statistics.estimate import Estimate
from bench.statistics.power import seeds_for_equivalence

MOST_SEEDS = 100  # beyond, the exact number is of no use


def findings(study: Study) -> list[Sentence]:
    """A paragraph a model, then what could not be told."""
    return [
        *(paragraph(of_model(study, model)) for model in study.models),
        *(sentence for model in study.models for sentence in by_family(study, model)),
        *undecided(study),
    ]


def paragraph(sentences: Iterable[Sentence]) -> Sentence:
    """Sentences one after another."""
    joined: list[str] = []
    for sentence in sentences:
        joined += [*([" "] if joined else []), *sentence]
    return tuple(joined)


def of_model(study: Study, model: str) -> Iterator[Sentence]:
    """What was found for one model, in sentences."""
    if not study.has_results(model):
        yield (Strong(model), ": no method has a result.")
        return
    yield from within_budget(study, model)
    yield from unchanged_accuracy(study, model)
    yield from inside(study, model)


def kilobytes(budget: float) -> str:
    """A budget as it was given: a payload in units of 1,000 bytes.

    >>> kilobytes(12345.5)
    '12,345.5 kB'
    """
    return f"{budget:,.10g} kB"


def within_budget(study: Study, model: str) -> Iterator[Sentence]:
    """The method to use under the headline's budget."""
    budget = headline_budget(study)
    if budget is None:
        return
    found = best_within(study, model, budget * 1e3)
    if found is None:
        yield (Strong(model), f": {nothing_within(study, model, budget)}.")
        return
    size = payload(study, model, found.best)
    original = payload(study, model, ORIGINAL)
    smaller = f", {decimal(original / size, 1)} times smaller than the original" if np.isfinite(original) else ""
    start = (
        Strong(model),
        f": under {kilobytes(budget)} the most accurate is ",
        Strong(study.plan.variant(found.best).title),
        f", {accuracy(study.mean('test_accuracy', model, found.best))} at {decimal(size / 1e3, 1)} kB{smaller}"
        f" (original {accuracy(study.mean('test_accuracy', model, ORIGINAL))})",
    )
    yield (*start, *against_others(study, model, found), ".")


def nothing_within(study: Study, model: str, budget: float) -> str:
    """Why no method can be named under a budget (kB): the end of a sentence."""
    if fitting(study, model, budget * 1e3):
        return f"no method of at most {kilobytes(budget)} has an accuracy"
    return f"no method fits into {kilobytes(budget)}"


def against_others(study: Study, model: str, found: Within) -> Sentence:
    """Which others lose little to the most accurate, and how many cannot be told from it: the end of a sentence."""
    if found.seeds < 2:
        return ("; one seed cannot tell methods apart",)
    if not found.others:
        return (", the only method that fits",)
    few = f"; {_others(len(found.untested))} with too few seeds to be tested" if found.untested else ""
    tested = found.others - len(found.untested)
    if not (found.close or found.untold):
        return (f", ahead of {_others(tested, every=True)}{' that fit' * (not few)}{few}",) if tested else (few,)
    told: list[str] = []
    if found.close:
        named = Strong(study.plan.variant(found.close[0]).title)
        size = f" at {decimal(payload(study, model, found.close[0]) / 1e3, 1)} kB"
        loses = f"shown to lose less than {study.plan.margins.accuracy:g} points to it"
        if len(found.close) > 1:
            told += [f"; {_others(len(found.close))} are {loses}, the smallest of them ", named, size]
        else:
            told += ["; ", named, f"{size} is {loses}"]
    if found.untold:
        told.append(f"; {_others(len(found.untold))} cannot be told from it")
    return (*told, few)


def _others(count: int, *, every: bool = False) -> str:
    if count == 1:
        return "the 1 other" if every else "1 other"
    return f"all {count} others" if every else f"{count} others"


def payload(study: Study, model: str, label: str) -> float:
    """Mean payload over seeds, bytes."""
    return study.mean("payload_bytes", model, label).value


def unchanged_accuracy(study: Study, model: str) -> Iterator[Sentence]:
    """The smallest file whose accuracy was shown to be the original's, within the margin."""
    claims = claims_on(study, primary(study), model)
    same = [claim for claim in claims if claim.verdict.word in (EQUIVALENT, DIFFERENT_BUT_SMALL)]
    margin = f"±{study.plan.margins.accuracy:g} points"
    if same:
        least = min(same, key=lambda claim: study.mean("payload_bytes", model, claim.evidence.variant).value)
        size = study.mean("payload_bytes", model, least.evidence.variant).value
        title = study.plan.variant(least.evidence.variant).title
        yield (
            "The smallest whose accuracy is shown to be the original's within ",
            f"{margin} is ",
            Strong(title),
            f" ({decimal(size / 1e3, 1)} kB).",
        )
        return
    open_ = [claim for claim in claims if claim.verdict.word == INCONCLUSIVE]
    needed = seeds_that_would_tell(open_)
    more = f"; were there no difference, {needed} would, by the method's spread" if needed else ""
    if claims and not open_:
        more = "; all are shown to differ"
    yield (f"For none could accuracy within {margin} of the original's be shown{more}.",)


def inside(study: Study, model: str) -> Iterator[Sentence]:
    """Whether the inside changed beyond what fine-tuning alone does."""
    feature = study.plan.features[0]
    claims = claims_on(study, the_inside(study), model)
    if not claims:
        yield ("Its inside was not compared with a fine-tuned control's.",)
        return
    by_word = {word: [claim for claim in claims if claim.verdict.word == word] for word in get_args(Word)}
    nearer = [claim for claim in by_word[DIFFERENT] if claim.evidence.difference.value >= 0]
    farther = [claim for claim in by_word[DIFFERENT] if claim.evidence.difference.value < 0]
    same = by_word[EQUIVALENT] + by_word[DIFFERENT_BUT_SMALL]
    margin = f" (within ±{study.plan.margins.cka:g} CKA)"
    said = [
        (Strong("is the same as after fine-tuning alone"), margin, same),
        (Strong("has changed"), "", farther),
        (Strong("is nearer to the original than after fine-tuning"), "", nearer),
        (Strong("cannot be told"), "", by_word[INCONCLUSIVE]),
    ]
    parts: list[Sentence] = [(what, f"{detail} for {_titles(study, group)}") for what, detail, group in said if group]
    yield (f"Its inside ({feature} features) ", *_joined(parts), ".")


def by_family(study: Study, model: str) -> Iterator[Sentence]:
    """What one kind of compression does to the inside that another does not."""
    feature = study.plan.features[0]
    told: list[str] = []
    for name in dict.fromkeys(variant.family for variant in study.plan.methods):
        labels = [variant.label for variant in study.plan.methods if variant.family == name]
        claims = [claim for claim in claims_on(study, the_inside(study), model) if claim.evidence.variant in labels]
        if not claims:
            continue
        changed = [claim for claim in claims if claim.verdict.word == DIFFERENT and claim.evidence.difference.value < 0]
        far = [found.value for label in labels if (found := study.distance(model, label, feature)) is not None]
        known = [value for value in far if np.isfinite(value)]
        notes = [
            *([f"{decimal(float(np.median(known)), 2)} seed-equivalents"] if known else []),
            *_from(study, model, [claim.evidence.variant for claim in changed]),
        ]
        told.append(f"{name} {len(changed)} of {len(claims)}" + (f" ({', '.join(notes)})" if notes else ""))
    if len(told) > 1:
        yield (
            Strong(f"By family, {model}: "),
            "methods whose inside has moved away from the control's and is not shown to be within the margin of it "
            f"(after Holm): {'; '.join(told)}. In "
            "brackets: the median distance of the family from the original, and the first block, from the input, at "
            "which one of those methods falls below the control (after Benjamini-Hochberg).",
        )


def _from(study: Study, model: str, labels: Sequence[str]) -> Iterator[str]:
    below = [claim for label in labels for claim in departures(study, model, label) or ()]
    if below:
        yield f"from {min(below, key=lambda claim: claim.depth).block}"


def _titles(study: Study, claims: list[Claim]) -> str:
    """Names of the claims' methods, the smallest difference first."""
    ordered = sorted(claims, key=lambda claim: abs(claim.evidence.difference.value))
    return listed([_title(study, claim) for claim in ordered], most=4)


def _title(study: Study, claim: Claim) -> str:
    """A claim's method, with its seeds where some are missing."""
    title = study.plan.variant(claim.evidence.variant).title
    return title if claim.evidence.seeds == study.seeds else f"{title} (n = {claim.evidence.seeds})"


def _joined(parts: list[Sentence]) -> Sentence:
    joined: list[str] = []
    for place, part in enumerate(parts):
        joined += [*(["; it "] if place else []), *part]
    return tuple(joined)


def undecided(study: Study) -> list[Sentence]:
    """What could not be told, and how many seeds would tell: one sentence an outcome."""
    found: list[Sentence] = []
    for outcome in outcomes(study):
        claims = {model: claims_on(study, outcome, model) for model in study.models}
        open_ = {
            model: [claim for claim in group if claim.verdict.word == INCONCLUSIVE] for model, group in claims.items()
        }
        told = [f"{len(open_[model])} of {len(claims[model])} methods on {model}" for model in claims if open_[model]]
        if told:
            needed = seeds_that_would_tell([claim for group in open_.values() for claim in group])
            more = f"; were there no difference, {needed} would show it, by the method's spread" if needed else ""
            found.append((Strong(f"Undecided, {outcome.title}: "), f"{listed(told)}{more}."))
    return found


def seeds_that_would_tell(claims: Iterable[Claim]) -> str:
    """How many seeds would show equivalence 8 times in 10, were there no difference and at Holm's strictest level.

    Returns:
        In words, from the claim with the smallest spread that is not 0 to that with the largest; empty where no spread
        is known, or there are as many seeds already, and so a difference.
    """
    known = [claim for claim in claims if np.isfinite(claim.raw.sd) and claim.raw.sd > 0]
    each = sorted(needed for claim in known if (needed := _seeds_needed(claim)) > claim.raw.n)
    if not each:
        return ""
    few, many = (f"more than {MOST_SEEDS}" if count > MOST_SEEDS else f"{count}" for count in (each[0], each[-1]))
    return f"{few} seeds" if few == many else f"{few} to {many} seeds"


def _seeds_needed(claim: Claim) -> float:
    alpha = claim.raw.alpha / max(claim.size, 1)
    needed = seeds_for_equivalence(claim.raw.sd, claim.raw.margin, alpha=alpha)
    return np.inf if needed is None else needed


def accuracy(found: Estimate) -> str:
    """An accuracy with its interval, in percent."""
    if not found.n:
        return "no result"
    half = (found.high - found.low) / 2
    return f"{decimal(100 * found.value, 2)}%" + (f" ± {decimal(100 * half, 2)}" if np.isfinite(half) else "")
