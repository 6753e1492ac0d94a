"""Settings from outside for what is described by a dataclass: a method, a diagnostic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from bench import guests, registry
from bench.errors import InputError, did_you_mean

T = TypeVar("T")
UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "kib": 2**10, "mib": 2**20}


def validated(cls: type[T], what: str, settings: Mapping[str, Any]) -> T:
    """An instance of a dataclass, its fields checked by their annotations.

    Args:
        what: how a sentence calls it, e.g. "method 'magnitude'".

    Raises:
        InputError: one sentence for every unknown setting or value out of range; or for a class of the user's whose
            annotations cannot be checked, or that fails when it is called.
    """
    try:
        instance = TypeAdapter(cls).validate_python(dict(settings))
        if number := boolean_number(instance, settings):
            raise InputError(f"{what}, setting {number!r}: a number is expected, given {settings[number]!r}")
        return instance
    except InputError:
        raise
    except ValidationError as error:
        raise InputError([_sentence(cls, what, problem) for problem in one_per_field(error)]) from error
    except Exception as error:
        if registry.is_built_in(cls):
            raise
        raise InputError(f"{what} cannot be used: {guests.sentence(error, cls)}") from error


def boolean_number(instance: Any, settings: Mapping[str, Any]) -> str | None:
    """The first setting that was given as true or false and that a dataclass took for a number; None if there is none.

    Strict validation would refuse it, and with it every dataclass that is described by a table.
    """
    return next(
        (
            name
            for name, value in settings.items()
            if isinstance(value, bool) and not isinstance(getattr(instance, name, value), bool)
        ),
        None,
    )


def one_per_field(error: ValidationError) -> list[Mapping[str, Any]]:
    """One error per field of a dataclass, even when the field is a union."""
    by_field: dict[Any, list[Mapping[str, Any]]] = {}
    for problem in error.errors():
        by_field.setdefault(problem["loc"][:1], []).append(problem)
    return [problem for problems in by_field.values() for problem in _of_one_member(problems)]


def _of_one_member(problems: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The errors of the member of a union that the value was meant for."""
    # Pydantic tries every member and reports each failure. A member whose type does not fit at all was not meant, such
    # as a list if the value is text. For text where a whole number or any number may stand, one sentence is enough.
    meant = [problem for problem in problems if not problem["type"].endswith("_type")]
    if any(problem["type"] == "float_parsing" for problem in meant):
        meant = [problem for problem in meant if problem["type"] != "int_parsing"]
    return meant or problems[:1]


def _sentence(cls: type, what: str, problem: Mapping[str, Any]) -> str:
    # After the field's name, pydantic's location holds indices into lists, and names of a union's members.
    first, *others = problem["loc"]
    key = ".".join(map(str, (first, *(part for part in others if isinstance(part, int)))))
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{what} has no setting {key!r}: {did_you_mean(key, (field.name for field in fields(cls)))}"
    return f"{what}, setting {key!r}: {problem['msg'].lower()}, given {problem['input']!r}"


def size(text: str) -> int:
    """A number of bytes with or without a unit: `20000`, `20kB`, `1.5 MiB`.

    Raises:
        InputError: it is not one.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmKM]?i?[bB]?)\s*", text)
    unit = UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None or float(match[1]) * unit < 1:
        raise InputError(f"a size is a number of bytes, kB, MB, KiB or MiB, e.g. 20kB, given {text!r}")
    return int(float(match[1]) * unit)
