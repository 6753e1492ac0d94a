"""Every measure there is, by name."""

from __future__ import annotations

from bench import registry
from bench.similarity.measure import Described, LabelledMeasure, Measure

PACKAGE = "bench.similarity.measures"


def measure(name: str) -> Measure | LabelledMeasure:
    """A measure with its default parameters.

    >>> measure("debiased-cka").title
    'Debiased linear CKA'

    Args:
        name: of a built-in one, or `package.module:Class` of the user's own.

    Raises:
        InputError: no such measure; the sentence names the nearest.
    """
    kind: type[Measure] | type[LabelledMeasure] = registry.subclass(PACKAGE, name, Described, "measure")
    return kind()


def measures() -> dict[str, Measure | LabelledMeasure]:
    """All built-in measures with their default parameters, by name, sorted."""
    return {name: measure(name) for name in registry.names(PACKAGE)}
