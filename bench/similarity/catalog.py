"""Every measure there is, by name."""

from __future__ import annotations

from bench import registry
from bench.similarity.measure import Described, LabelledMeasure, Measure

PACKAGE = "bench.similarity.measures"


def measure(name: str) -> Measure | LabelledMeasure:
    """A measure with its default parameters.

    >>> measure("debiased-cka").title
    'Debiased linear CKA'

    Raises:
        InputError: no such measure; the sentence names the nearest.
    """
    found: type[Measure] | type[LabelledMeasure] = registry.subclass(PACKAGE, name, Described, "measure")
    return found()


def measures() -> dict[str, Measure | LabelledMeasure]:
    """All measures with their default parameters, by name, sorted."""
    return {name: measure(name) for name in registry.names(PACKAGE)}
