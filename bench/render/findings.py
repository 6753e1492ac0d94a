"""Sentences from the results and verdicts, and from nothing else: same, different, or can't tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.render.claims import Claim
from bench.render.prose import Sentence, Strong, counted, listed
from bench.render.study import BASELINE, CONTROL, Study
from bench.render.table import decimal
from bench.render.tables.budget import best_within, budgets
from bench.statistics.equivalence import DIFFERENT, DIFFERENT_BUT_SMALL, EQUIVALENT, INCONCLUSIVE
from bench.statistics.estimate import Estimate
from bench.statistics.power import seeds_for_equivalence

HEADLINE_BUDGET = 100  # kB, where it lies between the smallest file and the original


@dataclass(frozen=True)
class Headline:
    """The answer for one model, as printed: what to use under a budget, and whether the inside is still the same."""

    model: str
    budget: str
    method: str
    family: str
    top1: str
    original: str
    payload: str
    ratio: str
    verdict: str
    inside: str


def summary(study: Study) -> list[Sentence]:
    """The answer, a paragraph a model."""
    return [scope(study), *(_paragraph(_of_model(study, model)) for model in study.models)]


def headlines(study: Study) -> Iterator[Headline]:
    """A card a model, for those that have a method within the budget."""
    budget = headline_budget(study)
    for model in study.models:
        found = best_within(study, model, budget * 1e3) if budget else None
        if found:
            yield _headline(study, model, f"{budget} kB", found[0])


def _headline(study: Study, model: str, budget: str, label: str) -> Headline:
    size, original = (study.mean("payload_bytes", model, which).value for which in (label, BASELINE))
    claim = study.claims.get((model, label, f"inside-{study.plan.features[0]}"))
    return Headline(
        model=model,
        budget=budget,
        method=study.plan.variant(label).title,
        family=study.plan.variant(label).family,
        top1=accuracy(study.mean("test_accuracy", model, label)),
        original=accuracy(study.mean("test_accuracy", model, BASELINE)),
        payload=f"{decimal(size / 1e3, 1)} kB",
        ratio=f"{decimal(original / size, 1)}×" if np.isfinite(original) else "–",
        verdict=claim.verdict.word if claim else INCONCLUSIVE,
        inside=_inside_words(claim) if claim else "inside: not compared with a fine-tuned control.",
    )


def _inside_words(claim: Claim) -> str:
    found = claim.evidence.difference
    ends = (
        f" [{decimal(found.low, 3, signed=True)}, {decimal(found.high, 3, signed=True)}]"
        if found.low == found.low
        else ""
    )
    return f"inside: CKA to the original {decimal(found.value, 3, signed=True)}{ends} against fine-tuning alone."


def _paragraph(sentences: Iterable[Sentence]) -> Sentence:
    joined: list[str] = []
    for sentence in sentences:
        joined += [*([" "] if joined else []), *sentence]
    return tuple(joined)


def scope(study: Study) -> Sentence:
    """What was done, in one sentence."""
    done, planned = study.results.count("done"), len(study.results.cells)
    cells = "all cells done" if done == planned else f"{done:,} of {planned:,} cells done"
    return (
        f"{counted(len(study.plan.methods), 'compressed version')} of {listed(study.models)}, "
        f"{counted(study.seeds, 'seed')} each, on {study.plan.data.title or study.plan.data.source}; {cells}.",
    )


def _of_model(study: Study, model: str) -> Iterator[Sentence]:
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
    claims = _claims(study, model, "accuracy")
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
    claims = _claims(study, model, f"inside-{feature}")
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
            claims = _claims(study, model, outcome.key)
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


def _claims(study: Study, model: str, outcome: str) -> list[Claim]:
    return [
        study.claims[model, variant.label, outcome]
        for variant in study.plan.methods
        if (model, variant.label, outcome) in study.claims
    ]


def warnings(study: Study) -> list[str]:
    """What a reader must know before the first number: one sentence each."""
    return [*_about_seeds(study), *_about_origin(study), *_about_holes(study)]


def _about_seeds(study: Study) -> Iterator[str]:
    if study.plan.exploratory:
        yield "This profile is exploratory: its budget is reduced, and nothing here is a headline claim."
    if study.seeds < 6:
        floor = 2.0 ** (1 - study.seeds)
        yield (
            f"{counted(study.seeds, 'seed')}: too few for claims. The smallest attainable p of the sign-flip test is "
            f"{floor:.3g}, and no stars are given."
            if floor > study.plan.alpha
            else f"{counted(study.seeds, 'seed')}: too few for claims."
        )
    elif study.seeds < 12 and not study.plan.exploratory:
        yield f"{study.seeds} seeds are enough to explore; headline claims take 12."


def _about_origin(study: Study) -> Iterator[str]:
    found = study.results.provenance
    for field, what in (
        ("commit", "different commits"),
        ("versions.innards", "different versions of Innards"),
        ("device", "different devices"),
        ("processor", "different processors"),
        ("versions.torch", "different versions of PyTorch"),
    ):
        if field in found and found[field].dropna().nunique() > 1:
            yield f"The cells come from {what}: {listed(sorted(map(str, found[field].dropna().unique())))}."
    if "dirty" in found and (found["dirty"] == True).any():  # noqa: E712 - None is neither
        yield f"{int((found['dirty'] == True).sum())} cells ran with changes that were not committed."  # noqa: E712


def _about_holes(study: Study) -> Iterator[str]:
    counts = {state: study.results.count(state) for state in ("failed", "damaged", "refused", "missing")}
    told = [f"{count} {state}" for state, count in counts.items() if count]
    if told:
        lost = len(study.results.cells) - study.results.count("done")
        yield f"{lost} of {len(study.results.cells)} cells have no result ({', '.join(told)})."
    if not any(model_has_control(study, model) for model in study.models):
        yield "There is no fine-tuned control: what compression does cannot be told from what more training does."


def model_has_control(study: Study, model: str) -> bool:
    """Whether a model's fine-tuned control has any result."""
    return bool(study.mean("test_accuracy", model, CONTROL).n)
