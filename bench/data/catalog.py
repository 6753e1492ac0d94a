"""Every source of images, by name."""

from __future__ import annotations

from collections.abc import Iterable

from bench import guests, registry
from bench.data.source import Source
from bench.errors import InputError, did_you_mean

PACKAGE = "bench.data.sources"


def find(source: str) -> Source:
    """The source that a profile names, e.g. `digits`, `folder:PATH` or `package.module:Class` of the user's own.

    Raises:
        InputError: there is no such source; the sentence names the nearest.
    """
    name, colon, argument = source.partition(":")
    if name not in registry.names(PACKAGE):
        # In a guest's name the first colon parts the module from the class; an argument follows a second one.
        name = guests.split(source)[0]
        if not name:
            raise InputError(f"unknown data source {source!r}: {did_you_mean(source.partition(':')[0], _forms())}")
        _, colon, argument = source.removeprefix(name).partition(":")
    kind: type[Source] = registry.subclass(PACKAGE, name, Source, "data source")
    if bool(argument) != bool(kind.takes) or bool(colon) != bool(kind.takes):
        raise InputError(f"data source {source!r}: write it as {_form(name, kind)!r}")
    with guests.blamed(kind, f"data source {source!r}"):
        images = kind(argument)
    for attribute in ("name", "title"):  # a class may also set them in its constructor
        if not isinstance(getattr(images, attribute, None), str):
            raise InputError(f"data source {source!r} ({guests.definition(kind)}) lacks a text as {attribute!r}")
    return images


def _forms() -> Iterable[str]:
    for name in registry.names(PACKAGE):
        yield _form(name, registry.subclass(PACKAGE, name, Source, "data source"))


def _form(name: str, kind: type[Source]) -> str:
    return f"{name}:{kind.takes}" if kind.takes else name
