"""What the story's script reads: numbers and words of the analysis, never raw values to compute with.

`labels` are of all variants; parts of the page name one by its place among them (`data-v`). The rest is for each
network by its name (`by_network`):

- `level`, `bytes`: by label, the level on the test images with its interval, and bytes of the largest file.
- `cards`: `budget` and `floor` are step functions, lists of [from, card] in ascending order; the last entry whose
  `from` is at most what is asked for holds. A card is the strings of `cards.printed` that depend on what was asked
  for, or null; `methods` has the other strings of every method on a card, see `card`.
- `pairs`: all i < j of `labels` in order, A = i less B = j, as text of numbers row after row, see `packed`. Intervals:
  `difference`, one per pair, and `blocks` and `classes`, one per block or class. Plain numbers: `seeds`, one per seed,
  and `answers`: on how many test images per training A is right where B is wrong, and the reverse, of `images`.
- `classes`: those that are compared, of `all_classes` those that differ most between variants.
- `of_class`: what the differences by class are of.
- `looks`: labels of the variants with attributions.

Numbers are rounded to the digits that they are printed with (`digits`); null stands for a number that is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from bench.analysis import wording
from bench.analysis.attributions import DIAGNOSTIC
from bench.analysis.cards import Card, Cards, cards
from bench.analysis.choice import largest_payload
from bench.analysis.looks import Looks
from bench.analysis.networks import network_titles
from bench.analysis.pairs import SideBySide, pairs
from bench.analysis.study import Study
from bench.render.story.cards import printed
from bench.render.story.packed import packed, packed_intervals
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant

OF_CARD = ("method", "ties", "note")  # what a card says that no other of its method does
UNREAD = ("role", "tied")  # what no page says in these words
DISTANCE_DIGITS, RECALL_DIGITS, ANSWER_DIGITS = 2, 1, 1


def page_data(study: Study) -> dict[str, Any]:
    """Plain JSON values."""
    primary = study.primary
    return {
        "networks": list(study.models),
        "titles": network_titles(study),
        "seeds": list(study.plan.seeds),
        "outcome": primary.capital,
        "unit": primary.unit,
        "level_unit": primary.level_unit,
        "floor_unit": primary.floor_unit,
        "leader": primary.leader,
        "of_class": "recall" if study.plan.task.classifies else primary.noun,
        "digits": primary.digits,
        "margin": study.plan.margins.accuracy,
        "labels": [variant.label for variant in study.plan.variants],
        "variants": {
            variant.label: {"title": variant.title, "family": variant.family, "role": _role(variant)}
            for variant in study.plan.variants
        },
        "by_network": {model: _of_network(study, model) for model in study.models},
    }


def _role(variant: PlannedVariant) -> str:
    if variant.label == ORIGINAL:
        return "original"
    return "control" if variant.control else "method"


def _of_network(study: Study, model: str) -> dict[str, Any]:
    found, compared = cards(study)[model], pairs(study)[model]
    labels = [variant.label for variant in study.plan.variants]
    sizes = {label: largest_payload(study, model, label) for label in labels}
    levels = {label: study.level(model, label) for label in labels}
    scale, digits = study.primary.scale, study.primary.digits
    a, b = default_pair(study, model)
    return {
        "original_bytes": found.original,
        "level": {
            label: _rounded([scale * each.value, scale * each.low, scale * each.high], digits)
            for label, each in levels.items()
            if each.n
        },
        "bytes": {label: int(size) for label, size in sizes.items() if np.isfinite(size)},
        "a": a,
        "b": b,
        **_cards(study, found),
        "budget": _budget(found),
        "floor": {
            "level": found.floor,
            "least": found.floors[0][0] if found.floors else 0,
            "most": found.floors[-1][0] if found.floors else 0,
        },
        "blocks": list(compared.blocks),
        "classes": [study.plan.data.named(each) for each in compared.classes],
        "all_classes": compared.all_classes,
        "pairs": _pairs(study, compared),
        "looks": _looked_at(study, model),
    }


def default_pair(study: Study, model: str) -> tuple[str | None, str | None]:
    """What is compared at first: the method of the first card, or else any with a result, beside the original."""
    labels = pairs(study)[model].labels
    methods = [variant.label for variant in study.plan.methods if variant.label in labels]
    first = next((card.label for card in cards(study)[model].shown), methods[0] if methods else None)
    return first, ORIGINAL if ORIGINAL in labels else None


def card(facts: dict[str, Any], short: dict[str, Any] | None) -> dict[str, Any] | None:
    """A card of a network's facts with all of its strings."""
    return short and facts["methods"][short["method"]] | short


def _cards(study: Study, found: Cards) -> dict[str, Any]:
    """Cards, and once per method what all of its cards say."""
    methods: dict[str, dict[str, Any]] = {}

    def short(card: Card | None) -> dict[str, Any] | None:
        strings = printed(study, card)
        if strings is None:
            return None
        methods[strings["method"]] = {key: text for key, text in strings.items() if key not in (*OF_CARD, *UNREAD)}
        return {key: strings[key] for key in OF_CARD}

    cards = {
        "budget": [[start, short(card)] for start, card in found.budgets],
        "margin": short(found.margin),
        "floor": [[start, short(card)] for start, card in found.floors],
    }
    return {"cards": cards, "methods": methods}


def _budget(found: Cards) -> dict[str, Any]:
    """What may be asked for: a budget is never one that the original meets."""
    fit = [start for start, card in found.budgets if card]
    most = found.original - 1 if found.original else fit[-1] if fit else 0
    return {
        "bytes": found.budget,
        "presets": [[preset.name or wording.budget(preset.bytes), preset.bytes] for preset in found.presets],
        "least": fit[0] if fit else 0,
        "most": most,
    }


def _pairs(study: Study, side_by_side: SideBySide) -> dict[str, Any]:
    digits, answers = study.primary.digits, side_by_side.answers
    return {
        "labels": list(side_by_side.labels),
        "difference": packed_intervals(side_by_side.difference, digits),
        "seeds": packed(side_by_side.seeds, digits),
        "blocks": packed_intervals(side_by_side.distances, DISTANCE_DIGITS),
        "classes": packed_intervals(side_by_side.recalls, RECALL_DIGITS),
        "answers": "" if answers is None else packed(answers[:, 1:], ANSWER_DIGITS),
        "images": 0 if answers is None or not len(answers) else int(answers[0, 0]),
    }


def _looked_at(study: Study, model: str) -> list[str]:
    looks = Looks(study, DIAGNOSTIC)
    return [
        variant.label
        for variant in looks.variants
        if any(looks.sight(model, variant.label, seed) for seed in study.plan.seeds)
    ]


def _rounded(values: Iterable[float], digits: int) -> list[float | int | None]:
    """Numbers as printed, whole ones without a point; None for one that is missing."""
    return [_number(float(value), digits) for value in values]


def _number(value: float, digits: int) -> float | int | None:
    if not np.isfinite(value):
        return None
    rounded = round(value, digits) + 0.0  # without the sign of a zero
    return int(rounded) if rounded == int(rounded) else rounded
