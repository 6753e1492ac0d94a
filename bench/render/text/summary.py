"""The answer: a paragraph over all models, and a card a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.budget import Within, best_within, headline_budget
from bench.analysis.claims import Claim, claim_on, claims_on
from bench.analysis.outcomes import inside, primary
from bench.analysis.study import Study
from bench.render.kit.prose import Sentence, Strong, counted, listed, text
from bench.render.kit.table import decimal
from bench.render.text.findings import (
    accuracy,
    against_others,
    kilobytes,
    nothing_within,
    paragraph,
    payload,
    seeds_that_would_tell,
)
from bench.roles import ORIGINAL
from bench.statistics.equivalence import DIFFERENT, DIFFERENT_BUT_SMALL, EQUIVALENT, INCONCLUSIVE

INSIDE_WORDS = {
    EQUIVALENT: "inside unchanged",
    DIFFERENT_BUT_SMALL: "inside changed, by less than matters",
    DIFFERENT: "inside changed",
    INCONCLUSIVE: "inside: can't tell",
}
NEARER = "inside nearer than after fine-tuning"


@dataclass(frozen=True)
class Pick:
    """A method to use, as printed: what it reaches, and whether the inside is still the same.

    Attributes:
        role: why this one.
        behind: how far behind the most accurate; empty for that itself.
    """

    role: str
    behind: str
    method: str
    family: str
    top1: str
    payload: str
    ratio: str
    verdict: str
    words: str
    inside: str


@dataclass(frozen=True)
class Headline:
    """The answer for one model: what to use under a budget.

    Attributes:
        original: its accuracy.
        picks: the most accurate, and the smallest that is shown to lose little where that is smaller; none where none
            fits.
        note: what to know of the choice.
    """

    model: str
    budget: str
    original: str
    picks: tuple[Pick, ...]
    note: str


def summary(study: Study) -> list[Sentence]:
    """Two paragraphs: what was done, and what came out."""
    found = paragraph([*_best(study), *_inside(study), *_farthest(study), *_accuracy(study)])
    return [scope(study), *([found] if found else [("No method has a result yet.",)])]


def scope(study: Study) -> Sentence:
    """What was done, in one sentence."""
    done, planned = study.results.count("done"), len(study.results.cells)
    each = " each" if len(study.plan.methods) * len(study.models) > 1 else ""
    cells = "all cells done" if done == planned else f"{done:,} of {planned:,} cells done"
    return (
        f"{counted(len(study.plan.methods), 'compressed version')} of {listed(study.models)}, "
        f"{counted(study.seeds, 'seed')}{each}, on {study.plan.data.title or study.plan.data.source}; {cells}.",
    )


def headlines(study: Study) -> Iterator[Headline]:
    """A card a model; none where no model has a method within the budget."""
    budget = headline_budget(study)
    if budget is None:
        return
    found = {model: best_within(study, model, budget * 1e3) for model in study.models}
    if any(found.values()):
        yield from (_headline(study, model, budget, within) for model, within in found.items())


def _headline(study: Study, model: str, budget: float, found: Within | None) -> Headline:
    original = accuracy(study.mean("test_accuracy", model, ORIGINAL))
    if found is None:
        return Headline(model, kilobytes(budget), original, (), _alone(nothing_within(study, model, budget)))
    picks, notes = [_pick(study, model, found.best, "Most accurate")], []
    if found.close and payload(study, model, found.close[0]) < payload(study, model, found.best):
        role = f"Smallest shown to lose less than {study.plan.margins.accuracy:g} points"
        picks.append(_pick(study, model, found.close[0], role, _behind(study, model, found.close[0], found.best)))
    else:
        notes.append(_alone(text(against_others(study, model, found))))
    if payload(study, model, ORIGINAL) <= budget * 1e3:
        notes.append("The original itself is within the budget.")
    return Headline(model, kilobytes(budget), original, tuple(picks), " ".join(notes))


def _pick(study: Study, model: str, label: str, role: str, behind: str = "") -> Pick:
    size, original = (payload(study, model, which) for which in (label, ORIGINAL))
    claim = claim_on(study, model, label, inside(study))
    return Pick(
        role=role,
        behind=behind,
        method=study.plan.variant(label).title,
        family=study.plan.variant(label).family,
        top1=accuracy(study.mean("test_accuracy", model, label)),
        payload=f"{decimal(size / 1e3, 1)} kB",
        ratio=f"{decimal(original / size, 1)}×" if np.isfinite(original) else "–",
        verdict=claim.verdict.word if claim else INCONCLUSIVE,
        words=inside_words(claim) if claim else INSIDE_WORDS[INCONCLUSIVE],
        inside=_inside_numbers(claim) if claim else "not compared with a fine-tuned control.",
    )


def _behind(study: Study, model: str, label: str, best: str) -> str:
    found = study.difference("test_accuracy", model, label, best)
    value, low, high = (decimal(100 * each, 2, signed=True) for each in (found.value, found.low, found.high))
    return (
        f"{value} points [{low}, {high}] to the most accurate, paired over {counted(found.n, 'seed')}; the loss is "
        f"below {study.plan.margins.accuracy:g} after Holm."
    )


def _alone(end: str) -> str:
    """The end of a sentence as one of its own."""
    alone = end.lstrip(",; ")
    return f"{alone[:1].upper()}{alone[1:]}."


def inside_words(claim: Claim) -> str:
    """A verdict on the inside in a few words; a network may also end nearer to the original than the control."""
    nearer = claim.verdict.word == DIFFERENT and claim.evidence.difference.value > 0
    return NEARER if nearer else INSIDE_WORDS[claim.verdict.word]


def _inside_numbers(claim: Claim) -> str:
    found = claim.evidence.difference
    ends = ""
    if np.isfinite([found.low, found.high]).all():
        ends = f" [{decimal(found.low, 3, signed=True)}, {decimal(found.high, 3, signed=True)}]"
    value = decimal(found.value, 3, signed=True)
    return (
        f"CKA to the original, less what fine-tuning alone leaves: {value}{ends}; verdict after Holm, margin "
        f"±{claim.raw.margin:g}."
    )


def _best(study: Study) -> Iterator[Sentence]:
    """The method to use under the headline's budget, models with the same one together."""
    budget = headline_budget(study)
    if budget is None:
        return
    within = {model: best_within(study, model, budget * 1e3) for model in study.models}
    by_method: dict[str, dict[str, Within]] = {}
    for model, found in within.items():
        if found:
            by_method.setdefault(found.best, {})[model] = found
    told: list[str] = []
    for label, models in by_method.items():
        judged = [claim_on(study, model, label, inside(study)) for model in models]
        told += [
            "; " if told else f"Under {kilobytes(budget)} the most accurate is ",
            Strong(study.plan.variant(label).title),
            " (" + "; ".join(_numbers(study, model, each) for model, each in models.items()) + ")",
            _verdict_of_inside(judged),
        ]
    if told:
        yield (*told, ".")
    without = [model for model, found in within.items() if not found and study.has_results(model)]
    for model in without:
        yield (f"{model}: {nothing_within(study, model, budget)}.",)


def _numbers(study: Study, model: str, found: Within) -> str:
    size, original = (study.mean("payload_bytes", model, which).value for which in (found.best, ORIGINAL))
    smaller = f", {decimal(original / size, 1)}× smaller" if np.isfinite(original) else ""
    against = study.mean("test_accuracy", model, ORIGINAL)
    before = f" against {accuracy(against)}" if against.n else ""
    ours = accuracy(study.mean("test_accuracy", model, found.best))
    return f"{model} {ours}{before}{smaller}{text(against_others(study, model, found))}"


def _verdict_of_inside(claims: list[Claim | None]) -> str:
    told = [claim for claim in claims if claim]
    words = {inside_words(claim) for claim in told}
    if not words:
        return ""
    if words <= {INSIDE_WORDS[EQUIVALENT], INSIDE_WORDS[DIFFERENT_BUT_SMALL]}:
        margin = f"±{told[0].raw.margin:g} CKA"
        return f", and its inside is as near to the original as fine-tuning alone leaves it, within {margin}"
    if words == {NEARER}:
        return ", and its inside is nearer to the original than fine-tuning alone leaves it"
    if words == {INSIDE_WORDS[DIFFERENT]}:
        return ", and its inside has changed"
    if words == {INSIDE_WORDS[INCONCLUSIVE]}:
        return ", and whether its inside has changed cannot be told"
    return ", and whether its inside has changed depends on the model"


def _inside(study: Study) -> Iterator[Sentence]:
    """Over all models and methods: how many insides stayed, changed, or cannot be told."""
    every = claims_on(study, inside(study))
    if not every:
        return
    counts = Counter(claim.verdict.word for claim in every)
    same = counts[EQUIVALENT] + counts[DIFFERENT_BUT_SMALL]
    if len(every) == 1:
        yield ("Of the one compressed network: ", Strong(inside_words(every[0])), ".")
        return
    yield (
        f"Of {counted(len(every), 'pair')} of network and method, the inside is ",
        Strong(f"the same for {same}"),
        f" (within ±{study.plan.margins.cka:g} CKA of what fine-tuning alone leaves), ",
        Strong(f"different for {counts[DIFFERENT]}"),
        ", and ",
        Strong(f"cannot be told for {counts[INCONCLUSIVE]}"),
        ".",
    )


def _farthest(study: Study) -> Iterator[Sentence]:
    """The method whose inside goes farthest, in units of another training."""
    feature, found = study.plan.features[0], []
    for variant in study.plan.methods:
        distances = [study.distance(model, variant.label, feature) for model in study.models]
        values = [each.value for each in distances if each is not None and np.isfinite(each.value)]
        if values:
            found.append((float(np.mean(values)), variant.title))
    if found:
        most, title = max(found)
        than = "further than training again would" if most > 1 else "where training again would be 1"
        where = " on average over the networks" if len(study.models) > 1 else ""
        yield ("Farthest goes ", Strong(title), f", {decimal(most, 2)} seed-equivalents away{where}: {than}.")


def _accuracy(study: Study) -> Iterator[Sentence]:
    """For how many the accuracy was shown to be the original's, and what would settle the rest."""
    every = claims_on(study, primary(study))
    if not every:
        return
    counts = Counter(claim.verdict.word for claim in every)
    same = counts[EQUIVALENT] + counts[DIFFERENT_BUT_SMALL]
    open_ = [claim for claim in every if claim.verdict.word == INCONCLUSIVE]
    needed = seeds_that_would_tell(open_)
    more = f" ({needed} would tell, by the method's spread, were there no difference)" if needed else ""
    yield (
        f"Accuracy is shown to be within ±{study.plan.margins.accuracy:g} points of the original's for {same}, to "
        f"differ for {counts[DIFFERENT]}, and undecided for {counts[INCONCLUSIVE]}{more}.",
    )
