"""Every measure there is, by name."""

from __future__ import annotations

from bench import guests, registry
from bench.errors import InputError
from bench.similarity.labelled_measure import LabelledMeasure
from bench.similarity.measure import Described, Measure
from bench.similarity.probe import ProbeMeasure

PACKAGE = "bench.similarity.measures"
AnyMeasure = Measure | LabelledMeasure | ProbeMeasure


def measure(name: str) -> AnyMeasure:
    """A measure with its default parameters.

    >>> measure("debiased-cka").title
    'Debiased linear CKA'

    Args:
        name: of a built-in one, or `package.module:Class` of the user's own.

    Raises:
        InputError: no such measure, and the nearest is named; or one of the user's own needs arguments.
    """
    kind: type[AnyMeasure] = registry.subclass(PACKAGE, name, Described, "measure")
    try:
        return kind()
    except Exception as error:
        if registry.is_built_in(kind):
            raise
        raise InputError(f"measure {name!r} cannot be used: {guests.sentence(error, kind)}") from error


def measures() -> dict[str, Measure | LabelledMeasure]:
    """All built-in measures of two representations with their default parameters, by name, sorted.

    Those that need training images are left out: no pair of activations is enough for them.
    """
    found = {name: measure(name) for name in registry.names(PACKAGE)}
    return {name: offered for name, offered in found.items() if not isinstance(offered, ProbeMeasure)}
