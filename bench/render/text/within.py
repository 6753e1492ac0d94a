"""The method to use under a budget, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from bench.analysis import wording
from bench.analysis.budget import Within, best_within, fitting
from bench.analysis.cards import cards
from bench.analysis.choice import largest_payload
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.render.kit.prose import Sentence, Strong, counted, spelled
from bench.roles import ORIGINAL
from bench.statistics.estimate import Estimate
from bench.task import with_unit


def paragraph(sentences: Iterable[Sentence]) -> Sentence:
    """Sentences after one another."""
    joined: list[str] = []
    for sentence in sentences:
        joined += [*([" "] if joined else []), *sentence]
    return tuple(joined)


def within_budget(study: Study, model: str) -> Iterator[Sentence]:
    """What to use on one network under the budget of its first card: nothing if there is no result."""
    budget = cards(study)[model].budget
    if not budget or not study.has_results(model):
        return
    within = best_within(study, model, budget)
    if within is None:
        yield (f"{title_of(study, model)}: {nothing_within(study, model, budget)}.",)
        return
    title = study.plan.variant(within.best).title
    yield (
        f"Within {wording.budget(budget)} the {study.primary.best} method on {title_of(study, model)} is ",
        Strong(title),
        f": {wording.level_in_words(study, within.level)}{_against(study, model)}.",
    )
    yield (_size(study, model, within.best),)
    if within.difference.n:
        yield (f"{study.primary.capital} changes by {in_points(study, within.difference)} from the original's.",)
    yield from ((sentence,) for sentence in against_others(study, within))
    if chosen := wording.chosen(study, within.choice):
        yield (chosen,)


def _against(study: Study, model: str) -> str:
    return f", against {wording.level(study, model, ORIGINAL)}" if study.level(model, ORIGINAL).n else ""


def _size(study: Study, model: str, label: str) -> str:
    payload, original = (largest_payload(study, model, name) for name in (label, ORIGINAL))
    smaller = f", {decimal(original / payload, 1)}× smaller" if np.isfinite(original) else ""
    return f"Its payload is {wording.file_size(study, model, label)}{smaller}."


def in_points(study: Study, difference: Estimate) -> str:
    """A difference of the primary outcome, unscaled, as printed, e.g. "−0.10 points [−0.31, +0.11]"."""
    primary = study.primary
    return wording.signed(difference, primary.digits, scale=primary.scale, unit=with_unit("", primary.unit))


def nothing_within(study: Study, model: str, budget: float) -> str:
    """Why no method can be named under a budget (bytes): the end of a sentence."""
    if fitting(study, model, budget):
        noun = study.primary.noun
        return f"no method of at most {wording.budget(budget)} has {'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    return f"no method fits into {wording.budget(budget)}"


def against_others(study: Study, within: Within) -> Iterator[str]:
    """How many others lose little to the most accurate, and how many may be just as good, in sentences."""
    if within.seeds < 2:
        yield "One seed is too few to compare methods."
        return
    if not within.others:
        yield "No other method fits."
        return
    if within.silent == "seeds":
        yield f"{within.seeds} seeds are too few to compare methods."
        return
    if within.silent == "chance":
        yield "With nothing to lose, no two methods can be told apart."
        return
    # Two questions: "close" methods are shown to lose less than the margin, "undecided" ones are not shown to be worse.
    # A method may be both, and with few seeds or much spread most are undecided.
    tested = within.others - len(within.untested)
    if tested and not (within.close or within.undecided):
        yield f"It is ahead of {counted(tested, 'other')} that {'fits' if tested == 1 else 'fit'}."
    if within.undecided:
        yield f"{_others(within.undecided, 'may', 'may')} be just as good."
    if within.close:
        some = set(within.close) <= set(within.undecided)
        count = f"{spelled(len(within.close))} {'of them ' if some else ''}{'is' if len(within.close) == 1 else 'are'}"
        yield f"{count} shown to lose less than {wording.loss_that_matters(study)} to it."
    if within.untested:
        yield f"{_others(within.untested, 'has', 'have')} too few seeds to be tested."


def _others(labels: tuple[str, ...], one: str, several: str) -> str:
    return f"{spelled(len(labels))} other{' ' + one if len(labels) == 1 else 's ' + several}"
