"""Which variants a profile asks for, and which looks inside: every point of every sweep."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from bench.compress.variant import Stage, Variant, parse_stage
from bench.diagnose.catalog import diagnostic as diagnostic_class
from bench.diagnose.look import Look, asked_for
from bench.errors import InputError
from bench.roles import REFERENCES
from bench.settings import validated

MOST = 10_000  # points of one sweep


def tables_of(raw: Any) -> list[dict[str, Any]]:
    return [table for table in raw if isinstance(table, dict)] if isinstance(raw, list) else []


def variants(raw: Any, problems: list[str]) -> tuple[Variant, ...]:
    """The baseline and the controls, then every point of every sweep."""
    expanded = [variant for table in tables_of(raw) for variant in _expand(table, problems)]
    sound = [variant for variant in expanded if _check_stages(variant, problems)]
    always = [Variant((Stage(name),)) for name in REFERENCES]
    check_names([variant.label for variant in always + sound], "method", problems)
    return (*always, *sound)


def diagnostics(raw: Any, variants: tuple[Variant, ...], problems: list[str]) -> dict[str, Look]:
    tables = [table for table in tables_of(raw) if isinstance(table.get("name"), str)]
    if isinstance(raw, list) and len(tables) < len(raw):
        problems.append('a diagnostic needs a name, e.g. [[diagnostics]] with name = "attributions"')
    check_names([table["name"] for table in tables], "diagnostic", problems)
    looks: dict[str, Look] = {}
    for table in tables:
        name = table["name"]
        settings = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
        del settings["name"]
        labels = asked_for(name, settings.pop("variants", None), variants, problems)
        try:
            diagnostic = validated(diagnostic_class(name), f"diagnostic {name!r}", settings)
        except InputError as error:
            problems.extend(error.problems)
        else:
            looks[name] = Look(diagnostic, labels, "variants" not in table)
    return looks


def _expand(table: dict[str, Any], problems: list[str]) -> list[Variant]:
    """All points of a method's or a chain's sweep: a list of values makes one variant per value."""
    chain = table.get("chain")
    if chain is None:
        return [Variant((stage,)) for stage in _sweep(table, problems)]
    if set(table) != {"chain"} or not isinstance(chain, list) or not chain:
        problems.append(f"a chain is a list of methods and nothing beside it, given {table!r}")
        return []
    links = [_link(link, problems) for link in chain]
    if not _is_small("a chain", (len(link) for link in links), problems):
        return []
    return [Variant(stages) for stages in itertools.product(*links)]


def _link(link: Any, problems: list[str]) -> list[Stage]:
    if not isinstance(link, str):
        return _sweep(link, problems)
    try:
        return [parse_stage(link)]
    except InputError as error:
        problems.extend(error.problems)
        return []


def _sweep(table: Any, problems: list[str]) -> list[Stage]:
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        problems.append(f"a method needs a name, given {table!r}")
        return []
    settings = {key: value if isinstance(value, list) else [value] for key, value in table.items() if key != "name"}
    for name, values in settings.items():
        if not values:
            problems.append(f"method {table['name']!r}, setting {name!r}: a sweep needs at least one value")
    if not _is_small(repr(table["name"]), map(len, settings.values()), problems):
        return []
    points = itertools.product(*settings.values())
    return [Stage(table["name"], tuple(zip(settings, point, strict=True))) for point in points]


def _is_small(what: str, lengths: Iterable[int], problems: list[str]) -> bool:
    if (points := math.prod(lengths)) > MOST:
        problems.append(f"the sweep of {what} has {points:,} points, at most {MOST:,} are planned")
    return points <= MOST


def _check_stages(variant: Variant, problems: list[str]) -> bool:
    try:
        variant.check()
    except InputError as error:
        problems.extend(error.problems)
        return False
    return True


def check_names(names: Iterable[Any], what: str, problems: list[str]) -> None:
    for name, count in Counter(map(str, names)).items():
        if count > 1:
            always = " (it is part of every profile)" if name in REFERENCES else ""
            problems.append(f"{what} {name!r} is given {count} times, give it once{always}")
