"""A table that exists for its data alone: a frame, and what each of its columns holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pandas as pd

from bench.render.kit import table
from bench.render.kit.table import DASH, recorded
from bench.statistics.estimate import Estimate


@dataclass(frozen=True)
class Field:
    """What one column of a frame holds.

    Attributes:
        describe: one sentence for the data dictionary.
        kind: an "estimate" has its interval in `<name>_low` and `<name>_high`, see `interval`.
        title: by default the column's name as words.
        unit: what the numbers are in; empty if they have none.
        identifies: whether it is part of what tells one row from all others.
    """

    describe: str
    kind: Literal["text", "number", "p", "estimate"] = "text"
    title: str = ""
    unit: str = ""
    identifies: bool = False

    def head(self, name: str) -> str:
        """The title with the unit, of a column of that name."""
        title = self.title or name.replace("_", " ").capitalize()
        return f"{title} ({self.unit})" if self.unit else title


@dataclass(frozen=True)
class Dataset:
    """What the data files alone hold.

    Attributes:
        id: file name.
        caption: all sentences, complete with n, unit, interval, test and family.
        frame: unrounded, each column in its field's unit; None if a value is missing. A column `<name>_note` says
            why a number is missing.
        fields: by the column's name, in the order of the files.
    """

    id: str
    title: str
    caption: str
    frame: pd.DataFrame
    fields: Mapping[str, Field]
    raw: ClassVar[bool] = True

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.frame)


def dataset(
    id_: str, title: str, caption: str, rows: pd.DataFrame | Iterable[Mapping[str, Any]], fields: Mapping[str, Field]
) -> Dataset | None:
    """A dataset of a frame, or of records by column name; None without any row."""
    # As objects, so that a whole number stays one in a column where others are missing.
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), dtype=object)
    if frame.empty:
        return None
    objects = frame.astype(object)
    return Dataset(id_, title, caption, objects.where(objects.notna(), None), fields)


def number(name: str, value: float | None) -> dict[str, Any]:
    """A number that can be missing as the columns that a field of that kind has."""
    return recorded(name, "number", table.number(value, hole=DASH))


def interval(name: str, mean: Estimate, factor: float = 1.0, *, hole: str = "missing") -> dict[str, Any]:
    """An estimate as the columns that a field of that kind has."""
    return recorded(name, "estimate", table.estimate(mean, factor, hole=hole))
