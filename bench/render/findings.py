"""Sentences from the results and verdicts, and from nothing else: same, different, or can't tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from bench.render.claims import Claim
from bench.render.prose import Sentence, Strong, counted, listed
from bench.render.study import BASELINE, Study
from bench.render.table import decimal
from bench.render.tables.budget import best_within, budgets
from bench.statistics.equivalence import DIFFERENT, DIFFERENT_BUT_SMALL, EQUIVALENT, INCONCLUSIVE
from bench.statistics.estimate import Estimate
from bench.statistics.power import seeds_for_equivalence

HEADLINE_BUDGET = 100  # kB, where it lies between the smallest file and the original


def findings(study: Study) -> list[Sentence]:
    """A paragraph a model, then what could not be told."""
    return [*(paragraph(of_model(study, model)) for model in study.models), *undecided(study)]


def paragraph(sentences: Iterable[Sentence]) -> Sentence:
    """Sentences one after another."""
    joined: list[str] = []
    for sentence in sentences:
        joined += [*([" "] if joined else []), *sentence]
    return tuple(joined)


def of_model(study: Study, model: str) -> Iterator[Sentence]:
    """What was found for one model, in sentences."""
    if not any(study.mean("test_accuracy", model, variant.label).n for variant in study.plan.methods):
        yield (Strong(model), ": no method has a result.")
        return
    yield from within_budget(study, model)
    yield from unchanged_accuracy(study, model)
    yield from inside(study, model)


def headline_budget(study: Study) -> int | None:
    """A round payload (kB) that some method meets and the original does not; 100 kB where that is so."""
    sizes = [
        study.mean("payload_bytes", model, variant.label).value
        for model in study.models
        for variant in study.plan.methods
    ]
    originals = [study.mean("payload_bytes", model, BASELINE).value for model in study.models]
    known, whole = [s for s in sizes if np.isfinite(s)], [s for s in originals if np.isfinite(s)]
    if not known:
        return None
    largest = max(whole or known)
    if max(min(known), 1) <= HEADLINE_BUDGET * 1e3 < largest:
        return HEADLINE_BUDGET
    middle = np.sqrt(min(known) * largest) / 1e3
    return min(budgets(known), key=lambda budget: abs(np.log(budget / middle)))


def within_budget(study: Study, model: str) -> Iterator[Sentence]:
    """The method to use under the headline's budget."""
    budget = headline_budget(study)
    found = best_within(study, model, budget * 1e3) if budget else None
    if not found:
        yield (Strong(model), f": no method fits into {budget} kB.")
        return
    best, ties = found
    size = study.mean("payload_bytes", model, best).value
    original = study.mean("payload_bytes", model, BASELINE).value
    smaller = f", {decimal(original / size, 1)} times smaller than the original" if np.isfinite(original) else ""
    start = (
        Strong(model),
        f": under {budget} kB the most accurate is ",
        Strong(study.plan.variant(best).title),
        f", {accuracy(study.mean('test_accuracy', model, best))} at {decimal(size / 1e3, 1)} kB{smaller}"
        f" (original {accuracy(study.mean('test_accuracy', model, BASELINE))})",
    )
    titles = [study.plan.variant(label).title for label in ties]
    if study.seeds < 2:
        yield (*start, "; one seed cannot tell methods apart.")
    elif titles:
        yield (*start, f"; {listed(titles, most=3)} cannot be told from it.")
    else:
        yield (*start, ", ahead of all others that fit.")


def unchanged_accuracy(study: Study, model: str) -> Iterator[Sentence]:
    """The smallest file whose accuracy was shown to be the original's, within the margin."""
    claims = claims_on(study, model, "accuracy")
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
    needed = seeds_that_would_tell(claims)
    more = f"; at the smallest spread seen, at least {needed} seeds would" if needed else ""
    yield (f"For none could accuracy within {margin} of the original's be shown with {study.seeds} seeds{more}.",)


def inside(study: Study, model: str) -> Iterator[Sentence]:
    """Whether the inside changed beyond what fine-tuning alone does."""
    feature = study.plan.features[0]
    claims = claims_on(study, model, f"inside-{feature}")
    if not claims:
        yield ("Its inside was not compared.",)
        return
    changed = [c for c in claims if c.verdict.word == DIFFERENT and c.evidence.difference.value < 0]
    closer = [c for c in claims if c.verdict.word == DIFFERENT and c.evidence.difference.value >= 0]
    same = [c for c in claims if c.verdict.word in (EQUIVALENT, DIFFERENT_BUT_SMALL)]
    open_ = [c for c in claims if c.verdict.word == INCONCLUSIVE]
    parts = [
        _group(study, same, f"is the same as after fine-tuning alone (within ±{study.plan.margins.cka:g} CKA) for"),
        _group(study, changed, "has changed for"),
        _group(study, closer, "is closer to the original than after fine-tuning for"),
        _group(study, open_, "cannot be told for"),
    ]
    yield (f"Its inside ({feature} features) ", *_joined([part for part in parts if part]), ".")


def _group(study: Study, claims: list[Claim], words: str) -> Sentence:
    if not claims:
        return ()
    ordered = sorted(claims, key=lambda claim: abs(claim.evidence.difference.value))
    names = [study.plan.variant(claim.evidence.variant).title for claim in ordered]
    which, space, rest = words.partition(" ")
    return (
        Strong(f"{which}{space}{rest.partition(' (')[0].removesuffix(' for')}"),
        _tail(words),
        listed(names, most=4),
    )


def _tail(words: str) -> str:
    _, bracket, rest = words.partition(" (")
    return f" ({rest} " if bracket else " for "


def _joined(parts: list[Sentence]) -> Sentence:
    joined: list[str] = []
    for place, part in enumerate(parts):
        joined += [*(["; it "] if place else []), *part]
    return tuple(joined)


def undecided(study: Study) -> list[Sentence]:
    """What could not be told, and how many seeds would tell: one sentence an outcome and model."""
    found: list[Sentence] = []
    for model in study.models:
        for outcome in study.outcomes:
            claims = claims_on(study, model, outcome.key)
            open_ = [claim for claim in claims if claim.verdict.word == INCONCLUSIVE]
            if open_:
                needed = seeds_that_would_tell(open_, most=True)
                more = (
                    f"; were there truly no difference, {counted(needed, 'seed')} would show it "
                    "(power 0.8, Holm at its strictest)"
                    if needed
                    else ""
                )
                found.append(
                    (
                        Strong(f"{model}, {outcome.title}: "),
                        f"undecided for {len(open_)} of {counted(len(claims), 'method')} at {study.seeds} seeds{more}.",
                    )
                )
    return found


def seeds_that_would_tell(claims: Iterable[Claim], *, most: bool = False) -> int | None:
    """Seeds with which equivalence would be shown 8 times in 10, were there no difference.

    Args:
        most: for the claim with the largest spread; otherwise the smallest, not 0.
    """
    known = [claim for claim in claims if np.isfinite(claim.raw.sd) and claim.raw.sd > 0]
    if not known:
        return None
    chosen = (max if most else min)(known, key=lambda claim: claim.raw.sd / claim.raw.margin)
    return seeds_for_equivalence(chosen.raw.sd, chosen.raw.margin, alpha=chosen.raw.alpha / max(chosen.size, 1))


def accuracy(found: Estimate) -> str:
    """An accuracy with its interval, in percent."""
    if not found.n:
        return "no result"
    half = (found.high - found.low) / 2
    return f"{decimal(100 * found.value, 2)}%" + (f" ± {decimal(100 * half, 2)}" if np.isfinite(half) else "")


def claims_on(study: Study, model: str, outcome: str) -> list[Claim]:
    """The methods' claims on one outcome of a model, those that there are."""
    return [
        study.claims[model, variant.label, outcome]
        for variant in study.plan.methods
        if (model, variant.label, outcome) in study.claims
    ]
