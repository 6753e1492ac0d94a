"""Three methods to use for each network, chosen on validation images, for every budget and every floor."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, inf, isfinite, log10
from typing import Literal

import numpy as np

from bench.analysis.budget import fitting, rivals
from bench.analysis.choice import (
    Choice,
    choosing_levels,
    largest_payload,
    most_accurate,
    smallest_above,
    smallest_keeping,
)
from bench.analysis.claims import Claim, claim_on
from bench.analysis.outcomes import primary
from bench.analysis.study import Study, judgement
from bench.roles import ORIGINAL
from bench.statistics.arrays import ROUNDING

Role = Literal["budget", "margin", "floor"]

SHARES = (2, 4, 10, 20, 50, 100, 200, 500, 1000)  # of the original's bytes, as 1/share
DEFAULT_SHARE = 10
FLOORS_BELOW = (4, 10, 20, 40, 1, 0)  # margins below the original at least, for the floor that is shown first


@dataclass(frozen=True)
class Card:
    """One method to use, and how sure that is.

    Attributes:
        role: why it was chosen: the most accurate of those that fit a budget; the smallest that loses at most the
            margin on validation images; the smallest above a floor.
        ties: those of its rivals that no method is shown to beat, the smallest first. Rivals are the other methods
            that fit the budget, or those that are no larger.
        rivals: how many there are.
        untested: how many of them share too few seeds with it.
        silent: why no two rivals can be told apart, see `budget.Within`; else empty.
        seeds: that have a result of the method.
        missed: the method that would be chosen if a mean over seeds met the budget; empty if that is this one.
    """

    role: Role
    model: str
    choice: Choice
    ties: tuple[str, ...]
    rivals: int
    untested: int = 0
    silent: Literal["", "seeds", "chance"] = ""
    seeds: int = 0
    missed: str = ""

    @property
    def label(self) -> str:
        """Of the method."""
        return self.choice.label


@dataclass(frozen=True)
class Preset:
    """A budget with a name: a share of the original as "1/10", or the profile's own, whose name is empty."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Cards:
    """What to use for one network, as a function of what is asked for.

    Attributes:
        original: bytes of the original's largest file; None if none is packed. A budget is smaller than it.
        budgets: ascending in bytes; the last whose bytes are at most the budget holds.
        margin: None if no method loses so little.
        floors: ascending in printed units, all multiples of the last printed digit; the last that is at most the floor
            holds.
        presets: budgets that some method fits, the largest first.
        budget: the one that is shown first, bytes; 0 if no budget can be named.
        floor: the one that is shown first, in printed units; 0 likewise.
    """

    model: str
    original: int | None
    budgets: tuple[tuple[int, Card | None], ...]
    margin: Card | None
    floors: tuple[tuple[float, Card | None], ...]
    presets: tuple[Preset, ...]
    budget: int
    floor: float

    def within(self, budget: float) -> Card | None:
        """The most accurate that fits so many bytes."""
        return _step(self.budgets, budget)

    def above(self, level: float) -> Card | None:
        """The smallest whose validation level is at least this, in printed units."""
        return _step(self.floors, level)

    @property
    def shown(self) -> tuple[Card, ...]:
        """The cards that are shown first."""
        three = (self.within(self.budget), self.margin, self.above(self.floor))
        return tuple(card for card in three if card)


@judgement
def cards(study: Study) -> dict[str, Cards]:
    """By network."""
    return {model: _cards(study, model) for model in study.models}


def claim_of(study: Study, card: Card) -> Claim | None:
    """What the study claims of the card's method: its word is the card's."""
    return claim_on(study, card.model, card.label, primary(study))


def _cards(study: Study, model: str) -> Cards:
    original = largest_payload(study, model, ORIGINAL)
    sizes = {variant.label: largest_payload(study, model, variant.label) for variant in study.plan.methods}
    budgets = tuple(_budgets(study, model, sizes, original if isfinite(original) else inf))
    presets = tuple(_presets(study, budgets, original))
    floors, margin = tuple(_floors(study, model)), _margin(study, model)
    budget = _first_budget(study, budgets, presets, original)
    return Cards(
        model=model,
        original=int(original) if isfinite(original) else None,
        budgets=budgets,
        margin=margin,
        floors=floors,
        presets=presets,
        budget=budget,
        floor=_first_floor(study, model, floors, (margin, _step(budgets, budget))),
    )


def _step(steps: Sequence[tuple[float, Card | None]], at: float) -> Card | None:
    return next((card for start, card in reversed(steps) if start <= at), None)


def _changes(steps: Iterator[tuple[float, Card | None]]) -> Iterator[tuple[float, Card | None]]:
    """Without the steps at which nothing changes."""
    last = ""
    for start, card in steps:
        if repr(card) != last:  # where equality would fail over a number that is missing on both sides
            yield start, card
        last = repr(card)


def _budgets(study: Study, model: str, sizes: dict[str, float], original: float) -> Iterator[tuple[int, Card | None]]:
    # What fits in every seed, or on average, changes at the methods' sizes alone, so these are all budgets that differ.
    means = [study.payload(model, label) for label in sizes]
    starts = sorted({ceil(size) for size in (*sizes.values(), *means) if size < original})
    steps = ((start, _within(study, model, start)) for start in starts)
    yield from ((int(start), card) for start, card in _changes(iter([(0, None), *steps])))


def _within(study: Study, model: str, budget: float) -> Card | None:
    fit = _evaluated(study, model, fitting(study, model, budget))
    card = _card(study, model, "budget", most_accurate(study, model, fit), fit)
    return replace(card, missed=_missed(study, model, budget, fit)) if card else None


def _missed(study: Study, model: str, budget: float, fit: list[str]) -> str:
    evaluated = _evaluated(study, model, [variant.label for variant in study.plan.methods])
    smaller = [label for label in evaluated if study.payload(model, label) <= budget and label not in fit]
    choice = most_accurate(study, model, [*fit, *smaller]) if smaller else None
    return choice.label if choice and choice.label not in fit else ""


def _margin(study: Study, model: str) -> Card | None:
    labels = _evaluated(study, model, [variant.label for variant in study.plan.methods])
    return _beside_smaller(study, model, "margin", smallest_keeping(study, model, labels))


# A floor is a printed number, so that a method with 97.083% on validation images is above 97.08% and below 97.09%: the
# step to the next method is at 97.09.
def _floors(study: Study, model: str) -> Iterator[tuple[float, Card | None]]:
    labels = _evaluated(study, model, [variant.label for variant in study.plan.methods])
    levels = choosing_levels(study, model)
    scale, digits = study.primary.scale, study.primary.digits
    known = sorted({_printed_below(scale * levels[label], digits) for label in labels if isfinite(levels[label])})
    starts = [min(0.0, floor(known[0]))] if known else []
    starts += [round(level + 10**-digits, digits) for level in known]
    steps = ((start, _above(study, model, labels, start)) for start in starts)
    yield from _changes(steps)


def _above(study: Study, model: str, labels: Sequence[str], level: float) -> Card | None:
    smallest = smallest_above(study, model, labels, level / study.primary.scale)
    return _beside_smaller(study, model, "floor", smallest)


def _printed_below(value: float, digits: int) -> float:
    """The largest number with so many digits that is at most `value`, up to rounding."""
    return round(floor(value * 10**digits * (1 + ROUNDING) + ROUNDING) / 10**digits, digits)


def _evaluated(study: Study, model: str, labels: Sequence[str]) -> list[str]:
    return [label for label in labels if np.isfinite(study.per_seed(study.primary.test, model, label)).any()]


def _beside_smaller(study: Study, model: str, role: Role, choice: Choice | None) -> Card | None:
    """The smallest of its kind, whose rivals are no larger."""
    if choice is None:
        return None
    size = largest_payload(study, model, choice.label)
    rest = _evaluated(study, model, fitting(study, model, size)) if isfinite(size) else [choice.label]
    return _card(study, model, role, choice, rest)


def _card(study: Study, model: str, role: Role, choice: Choice | None, among: Sequence[str]) -> Card | None:
    if choice is None:
        return None
    rest = rivals(study, model, choice.label, among)
    return Card(role, model, choice, rest.undecided, len(among) - 1, len(rest.untested), rest.silent, rest.seeds)


def _presets(study: Study, budgets: Sequence[tuple[int, Card | None]], original: float) -> Iterator[Preset]:
    own = _of_profile(study, original)
    if own is not None:
        yield Preset("", own)
    if isfinite(original):
        shares = (Preset(f"1/{share}", int(original // share)) for share in SHARES)
        yield from (preset for preset in shares if _step(budgets, preset.bytes))


def _of_profile(study: Study, original: float) -> int | None:
    """The profile's budget, bytes; None if it names none, or one that the original meets itself."""
    asked = study.plan.report.budget_kb
    if asked is None or not asked * 1e3 < (original if isfinite(original) else inf):
        return None
    return int(asked * 1e3)


def _first_budget(
    study: Study, budgets: Sequence[tuple[int, Card | None]], presets: Sequence[Preset], original: float
) -> int:
    """The profile's own; else a tenth of the original, or the share nearest to it that any method fits."""
    if (own := _of_profile(study, original)) is not None:
        return own
    shares = [(abs(int(preset.name.removeprefix("1/")) - DEFAULT_SHARE), preset.bytes) for preset in presets]
    if shares:
        return min(shares)[1]
    fit = [start for start, card in budgets if card]
    if fit:
        return fit[0]
    return int(original) - 1 if isfinite(original) else 0


# A third card that repeats another tells nothing, so that the first floor is one that a method of its own reaches.
def _first_floor(
    study: Study, model: str, floors: Sequence[tuple[float, Card | None]], others: Collection[Card | None]
) -> float:
    """A round level some margins below the original's, or the lowest one."""
    if not floors:
        return 0.0
    margin, level = study.plan.margins.accuracy, study.primary.scale * choosing_levels(study, model)[ORIGINAL]
    if not isfinite(level):
        return floors[0][0]
    step, taken = 10.0 ** ceil(log10(margin)), {card.label for card in others if card}
    wanted = [floor((level - below * margin) / step + ROUNDING) * step for below in FLOORS_BELOW]
    reached = floors[-1][0] - 10**-study.primary.digits  # by the highest on validation images
    rounded = [max(round(each, study.primary.digits), floors[0][0]) for each in (*wanted, reached)]
    fresh = (each for each in rounded if (card := _step(floors, each)) and card.label not in taken)
    return next(fresh, rounded[0])
