"""The answer: a paragraph over all models, and one card per model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from bench.analysis import outcomes, wording
from bench.analysis.budget import Within, best_within, headline_budget
from bench.analysis.choice import Choice, chosen_difference, chosen_level, largest_payload
from bench.analysis.claims import claims_on
from bench.analysis.distances import distance
from bench.analysis.inside import first_scaled
from bench.analysis.sameness import InsideClaim, inside_claim, insides_of
from bench.analysis.study import Study
from bench.analysis.wording import decimal, inside_word, inside_words
from bench.calibrate.beside import in_short
from bench.render.kit.names import short
from bench.render.kit.prose import Sentence, Strong, counted, listed, text
from bench.render.text.findings import against_others, in_points, nothing_within, paragraph
from bench.roles import ORIGINAL


@dataclass(frozen=True)
class Pick:
    """A method to use, as printed: what it reaches, and whether the inside is still the same.

    Attributes:
        role: why this one.
        behind: its test outcome less the original's, paired; empty if there is no original.
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
        outcome: by what networks are ranked, as the head of a column.
        original: its level.
        picks: the most accurate on validation images, and the smallest that loses little on them if that is smaller;
            empty if none fits.
        note: what to know of the choice.
    """

    model: str
    budget: str
    outcome: str
    original: str
    picks: tuple[Pick, ...]
    note: str


def summary(study: Study) -> list[Sentence]:
    """Two paragraphs: what was done, and what came out."""
    answer = paragraph([*_best(study), *_inside(study), *_farthest(study), *_accuracy(study)])
    return [scope(study), answer or ("No method has a result yet.",)]


def scope(study: Study) -> Sentence:
    """What was done, in one sentence."""
    done, planned = study.results.count("done"), len(study.results.cells)
    of_each = " each" if len(study.plan.methods) * len(study.models) > 1 else ""
    cells = "all cells done" if done == planned else f"{done:,} of {planned:,} cells done"
    return (
        f"{counted(len(study.plan.methods), 'compressed version')} of {listed(study.models)}, "
        f"{counted(study.seeds, 'seed')}{of_each}, on {study.plan.data.title or study.plan.data.source}; {cells}; "
        f"{in_short(study)}.",
    )


def headlines(study: Study) -> Iterator[Headline]:
    """One card per model; none if no model has a method within the budget."""
    budget = headline_budget(study)
    if budget is None:
        return
    answers = {model: best_within(study, model, budget * 1e3) for model in study.models}
    if any(answers.values()):
        yield from (_headline(study, model, budget, within) for model, within in answers.items())


def _headline(study: Study, model: str, budget: float, within: Within | None) -> Headline:
    original, limit = wording.level(study, model, ORIGINAL), wording.kilobytes(budget)
    if within is None:
        return Headline(model, limit, study.primary.title, original, (), _alone(nothing_within(study, model, budget)))
    # Two picks, the most accurate and the smallest that loses little; or, if that is no smaller, a sentence on the
    # others in place of the second.
    role = f"{study.primary.best[:1].upper()}{study.primary.best[1:]}"
    picks, notes, smallest = [_pick(study, model, within.choice, role)], [], within.smallest
    if smallest and largest_payload(study, model, smallest.label) < largest_payload(study, model, within.best):
        role = f"Smallest that loses at most {wording.loss_that_matters(study)}"
        picks.append(_pick(study, model, smallest, role))
        notes.append(wording.chosen(study, within.choice, smallest))
    else:
        notes += [_alone(text(against_others(study, model, within))), wording.chosen(study, within.choice)]
    if study.payload(model, ORIGINAL) <= budget * 1e3:
        notes.append("The original itself is within the budget.")
    return Headline(model, limit, study.primary.title, original, tuple(picks), " ".join(filter(None, notes)))


def _pick(study: Study, model: str, choice: Choice, role: str) -> Pick:
    label = choice.label
    payload, original = (study.payload(model, name) for name in (label, ORIGINAL))
    claim = inside_claim(study, model, label)
    return Pick(
        role=role,
        behind=_behind(study, model, choice),
        method=study.plan.variant(label).title,
        family=study.plan.variant(label).family,
        top1=wording.level_in_words(study, chosen_level(study, model, choice)),
        payload=wording.size(payload),
        ratio=f"{decimal(original / payload, 1)}×" if np.isfinite(original) else "–",
        verdict=inside_word(claim) if claim else "",
        words=inside_words(claim).badge,
        inside=_inside_numbers(study, claim) if claim else "not compared with the original.",
    )


def _behind(study: Study, model: str, choice: Choice) -> str:
    lost = chosen_difference(study, model, choice)
    return f"{in_points(study, lost)} to the original, paired over {counted(lost.n, 'seed')}." if lost.n else ""


def _alone(end: str) -> str:
    """The end of a sentence as a sentence."""
    alone = end.lstrip(",; ")
    return f"{alone[:1].upper()}{alone[1:]}."


def _inside_numbers(study: Study, claim: InsideClaim) -> str:
    """What the measures that decide say, in a line."""
    several = [claim.measures[name] for name in study.plan.similarity.inside if name in claim.measures]
    numbers = [
        f"{short(one.title)} {decimal(one.distance.value, 2)} {one.unit}"
        for one in several
        if isfinite(one.distance.value)
    ]
    return f"{'; '.join(numbers) or 'no measure has a distance'}."


def _best(study: Study) -> Iterator[Sentence]:
    """The method to use under the headline's budget, models with the same one together."""
    budget = headline_budget(study)
    if budget is None:
        return
    answers = {model: best_within(study, model, budget * 1e3) for model in study.models}
    # Networks that agree on the method share one clause, so that the paragraph grows with the methods named and not
    # with the networks.
    by_method: dict[str, dict[str, Within]] = {}
    for model, within in answers.items():
        if within:
            by_method.setdefault(within.best, {})[model] = within
    parts: list[str] = []
    for label, models in by_method.items():
        claims = [inside_claim(study, model, label) for model in models]
        parts += [
            "; " if parts else f"Under {wording.kilobytes(budget)} the {study.primary.best} is ",
            Strong(study.plan.variant(label).title),
            " (" + "; ".join(_numbers(study, model, within) for model, within in models.items()) + ")",
            _verdict_of_inside(study, [claim for claim in claims if claim]),
        ]
    if parts:
        yield (*parts, ".")
        made = [within.choice for within in answers.values() if within]
        if any(choice.by == "test" for choice in made) or len(study.models) == 1:
            if sentence := wording.chosen(study, *made):
                yield (sentence,)
        else:
            yield ("Chosen on validation images.",)
    for model, within in answers.items():
        if not within and study.has_results(model):
            yield (f"{model}: {nothing_within(study, model, budget)}.",)


def _numbers(study: Study, model: str, within: Within) -> str:
    payload, original = (study.payload(model, label) for label in (within.best, ORIGINAL))
    smaller = f", {decimal(original / payload, 1)}× smaller" if np.isfinite(original) else ""
    before = f" against {wording.level(study, model, ORIGINAL)}" if study.level(model, ORIGINAL).n else ""
    return (
        f"{model} {wording.level_in_words(study, within.level)}{before}{smaller}"
        f"{text(against_others(study, model, within))}"
    )


def _verdict_of_inside(study: Study, claims: Sequence[InsideClaim]) -> str:
    """What became of the insides of one method's networks: the end of a sentence."""
    if not claims:
        return ""
    clauses = {inside_words(claim).clause for claim in claims}
    clause = clauses.pop() if len(clauses) == 1 else wording.MIXED
    within = f", within {wording.inside_margin(study)}" if all(claim.within for claim in claims) else ""
    return f", and {clause}{within}"


def _inside(study: Study) -> Iterator[Sentence]:
    """Over all models and methods: how many insides stayed, changed, or can't be told."""
    claims = insides_of(study)
    if not claims:
        return
    if len(claims) == 1:
        yield ("Of the one compressed network: ", Strong(inside_words(claims[0]).badge), ".")
        return
    yield (
        "The inside: ",
        Strong(wording.counted_insides(claims)),
        f"; same: within {wording.inside_margin(study)} beyond the reference.",
    )


def _farthest(study: Study) -> Iterator[Sentence]:
    """The method whose inside ends farthest from the original, in seed-equivalents."""
    means: list[tuple[float, str]] = []
    name = first_scaled(study.plan)
    for variant in study.plan.methods:
        several = (distance(study, model, variant.label, study.plan.features[0], name) for model in study.models)
        finite = [
            far for one in several if one and np.isfinite(far := one.overall.ratio(study.plan.margins.inside).value)
        ]
        if finite:
            means.append((float(np.mean(finite)), variant.title))
    if means:
        most, title = max(means)
        than = "further than training again would" if most > 1 else "where training again would be 1"
        where = " on average over the networks" if len(study.models) > 1 else ""
        yield ("Farthest goes ", Strong(title), f", {decimal(most, 2)} seed-equivalents away{where}: {than}.")


def _accuracy(study: Study) -> Iterator[Sentence]:
    """For how many the accuracy is shown to be the original's, and what would settle the rest."""
    outcome = outcomes.primary(study)
    claims = claims_on(study, outcome)
    if not claims:
        return
    needed = wording.seeds_that_would_tell(claim for claim in claims if claim.undecided)
    more = f" Were there no difference, {needed} would tell." if needed else ""
    yield (
        f"{study.primary.capital}, beside that of what trained as long: ",
        Strong(wording.counted_words(claims)),
        f"; same: within {wording.margin(outcome)}.{more}",
    )
