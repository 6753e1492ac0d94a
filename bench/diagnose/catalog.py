"""Every diagnostic there is, by name."""

from __future__ import annotations

from functools import cache

from bench import registry
from bench.diagnose.diagnostic import Diagnostic
from bench.errors import InputError, did_you_mean

PACKAGE = "bench.diagnose.diagnostics"


@cache
def names() -> tuple[str, ...]:
    """Names of the diagnostics; the folder's other files are functions of predictions.

    >>> "attributions" in names(), "predictions" in names()
    (True, False)
    """
    return tuple(name for name in registry.names(PACKAGE) if _classes(name))


def diagnostic(name: str) -> type[Diagnostic]:
    """A diagnostic's class; called without settings it has its defaults.

    Raises:
        InputError: no such diagnostic; the sentence names the nearest.
    """
    if name not in names():
        raise InputError(f"unknown diagnostic {name!r}: {did_you_mean(name, names())}")
    return _classes(name)[0]


def _classes(name: str) -> list[type[Diagnostic]]:
    module = registry.load(PACKAGE, name, "diagnostic")
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Diagnostic) and value.__module__ == module.__name__
    ]
