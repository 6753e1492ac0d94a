"""Which measures a profile asks for, each sure to compare what a block puts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from bench.errors import InputError, did_you_mean
from bench.profile.tables import Similarity
from bench.similarity.catalog import AnyMeasure, measure
from bench.similarity.measure import Measure

KEY = "similarity"
Measures = Mapping[str, AnyMeasure]


def measures(raw: Any, problems: list[str], *, classifies: bool = True) -> dict[str, AnyMeasure]:
    """The measures of a `[similarity]` table by name, in its order; what is wrong goes to `problems`."""
    table = raw if isinstance(raw, dict) else {}
    names = _texts(table.get("measures", _usual(classifies)))
    _check_repeats("measures", names, problems)
    found: dict[str, AnyMeasure] = {}
    for name in names:
        try:
            found[name] = _usable(name)
        except InputError as error:
            problems.extend(f"key '{KEY}.measures': {problem}" for problem in error.problems)
    _check_repeats("maps", _texts(table.get("maps")), problems)
    _check_repeats("inside", _texts(table.get("inside")), problems)
    problems.extend(_not_among("maps", table.get("maps"), names))
    problems.extend(_not_among("inside", table.get("inside"), names))
    problems.extend(
        f"key '{KEY}.maps': {name!r} compares the same block of both networks only, so there is no map of it"
        for name in _texts(table.get("maps"))
        if name in found and not isinstance(found[name], Measure)
    )
    return found


def completed(table: Similarity, *, classifies: bool = True) -> Similarity:
    """The table with what the file left out: the defaults that are among its measures, or else all of them."""
    if "measures" not in table.model_fields_set:
        table = table.model_copy(update={"measures": _usual(classifies)})
    left_out = {key: getattr(table, key) for key in ("maps", "inside") if key not in table.model_fields_set}
    kept = {key: [name for name in names if name in table.measures] for key, names in left_out.items()}
    if "inside" in kept:
        kept["inside"] = kept["inside"] or list(table.measures)
    return table.model_copy(update=kept)


def _usual(classifies: bool) -> list[str]:
    """The measures of a file that names none; where images have no class of their own, those that need none."""
    return [name for name in Similarity().measures if classifies or isinstance(measure(name), Measure)]


def _usable(name: str) -> AnyMeasure:
    found = measure(name)
    if found.compares != "activations":
        raise InputError(
            f"measure {name!r} compares the answers of classifiers, not blocks: answers are compared in every run"
        )
    return found


def _not_among(key: str, given: Any, names: list[str]) -> Iterable[str]:
    for name in _texts(given):
        if name not in names:
            hint = did_you_mean(name, names)
            yield f"key '{KEY}.{key}': {name!r} is none of '{KEY}.measures', which this profile compares by: {hint}"


def _check_repeats(key: str, names: list[str], problems: list[str]) -> None:
    problems.extend(
        f"key '{KEY}.{key}': {name!r} is given {count} times, give it once"
        for name, count in Counter(names).items()
        if count > 1
    )


def _texts(given: Any) -> list[str]:
    """The names in a list; anything else in it is a problem of structure already."""
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
