"""What most tables share: a group a model, a row a variant, and the columns that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant

MODEL = Column("model", "Model", "text", "Name of the network.", shown=False)
LABEL = Column("variant", "Label", "code", "The variant's name in files and on the command line.", shown=False)
VARIANT = Column("title", "Variant", "text", "The compression method with its settings, as printed.")
NAMES = (MODEL, LABEL, VARIANT)


def by_model(
    study: Study,
    cells: Callable[[str, PlannedVariant], Iterable[Datum] | None],
    variants: Iterable[PlannedVariant] | None = None,
) -> tuple[Group, ...]:
    """A group a model with a row a variant; methods first, then what they are compared with.

    Args:
        cells: of a model and variant, without the names; None leaves the row out.
    """
    given = list(study.plan.variants if variants is None else variants)
    ordered = [v for v in given if not v.control] + [v for v in given if v.control]
    groups = []
    for model in study.models:
        rows = [
            row(model, variant, tuple(found)) for variant in ordered if (found := cells(model, variant)) is not None
        ]
        groups.append(Group(model, tuple(rows)))
    return tuple(group for group in groups if group.rows)


def row(model: str, variant: PlannedVariant, cells: tuple[Datum, ...]) -> Row:
    """A row with its names in front."""
    role = "original" if variant.label == ORIGINAL else "control" if variant.control else "method"
    about = (("model", model), ("variant", variant.label), ("family", variant.family))
    return Row((Datum(model), Datum(variant.label), Datum(variant.title), *cells), role, about)  # type: ignore[arg-type]
