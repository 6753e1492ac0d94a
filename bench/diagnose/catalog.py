"""Every diagnostic, by name."""

from __future__ import annotations

from bench import registry
from bench.diagnose.diagnostic import Diagnostic

PACKAGE = "bench.diagnose.diagnostics"


def names() -> tuple[str, ...]:
    """Names of the built-in diagnostics, sorted.

    >>> "attributions" in names()
    True
    """
    return registry.names(PACKAGE)


def diagnostic(name: str) -> type[Diagnostic]:
    """A diagnostic's class; called without settings it has its defaults.

    Args:
        name: of a built-in one, or `package.module:Class` of the user's own.

    Raises:
        InputError: no such diagnostic; the sentence names the nearest.
    """
    return registry.subclass(PACKAGE, name, Diagnostic, "diagnostic")
