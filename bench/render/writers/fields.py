"""The fields of a table's data files: their names, units and types, and the rows by them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench.render.kit.dataset import Dataset, Field
from bench.render.kit.table import HIGH, LOW, Column, Row, Table, recorded
from bench.render.kit.units import NONE, Unit, in_files

Record = dict[str, Any]
Methods = Mapping[str, tuple[str, str]]  # family and role by label
# What pages call a model and a variant has one name in all files.
NAMES = {"model": "network", "variant": "method", "label": "method"}
METHOD = "method"
FAMILY = "Group of methods; original or control for what methods are compared with."
ROLE = "method, control or original."


@dataclass(frozen=True)
class DataField:
    """One field of a table's files, as the data dictionary describes it.

    Attributes:
        source: its key in what the table records.
        companion: whether it only says more of another field, and goes where it says nothing.
        identifies: whether it is part of what tells one row from all others.
    """

    name: str
    type: str
    title: str
    describe: str
    unit: Unit = NONE
    source: str = ""
    companion: bool = False
    identifies: bool = False


@dataclass(frozen=True)
class DataTable:
    """A table as its files hold it: each row has every field, and every field says something of some row."""

    id: str
    title: str
    description: str
    fields: tuple[DataField, ...]
    rows: list[Record]

    @property
    def keys(self) -> list[str]:
        """Names of the fields that tell the rows apart; empty if there are none, or if they do not."""
        names = [field.name for field in self.fields if field.identifies]
        told = {tuple(row[name] for name in names) for row in self.rows}
        whole = all(row[name] not in (None, "") for row in self.rows for name in names)
        return names if whole and len(told) == len(self.rows) else []


def data_table(table: Table | Dataset, methods: Methods, others: Collection[str] = ()) -> DataTable:
    """What the files of a table hold.

    Args:
        methods: family and role of each label, which stand beside it wherever a method is named.
        others: units that the task brings along.
    """
    every = list(_fields(table, others))
    rows: list[Record] = [
        {column.name: column.unit.of(row.get(column.source)) for column in every} for row in _recorded(table)
    ]
    if any(field.name == METHOD for field in every):
        every = list(_with_methods(every))
        for row in rows:
            row["family"], row["role"] = methods.get(str(row[METHOD]), (None, None))
    kept = tuple(field for field in every if any(map(_says(field), rows)))
    return DataTable(
        table.id,
        table.title,
        _description(table),
        kept,
        [{field.name: row[field.name] for field in kept} for row in rows],
    )


def _description(table: Table | Dataset) -> str:
    """All that is said of a table, what a page folds away included."""
    if isinstance(table, Dataset):
        return table.caption
    return " ".join(filter(None, (table.finding, table.caption, table.details, *table.notes)))


def _says(field: DataField) -> Callable[[Record], bool]:
    """Whether a row says anything in a field."""
    nothing = (None, "", False) if field.companion else (None, "")
    return lambda row: not any(row[field.name] is empty or row[field.name] == empty for empty in nothing)


def _with_methods(fields: list[DataField]) -> Iterator[DataField]:
    """The fields with family and role behind the method, where the table does not name them itself."""
    for field in fields:
        if field.name in ("family", "role"):
            continue
        yield field
        if field.name == METHOD:
            yield DataField("family", "string", "Family", FAMILY)
            yield DataField("role", "string", "Role", ROLE)


def _fields(table: Table | Dataset, others: Collection[str]) -> Iterator[DataField]:
    described: Iterable[tuple[str, Field | Column[Any]]] = (
        table.fields.items() if isinstance(table, Dataset) else ((each.key, each) for each in table.columns)
    )
    taken: set[str] = set()
    for key, each in described:
        ends = (each.low, each.high) if isinstance(each, Column) else (LOW, HIGH)
        for field in _of_column(key, each.kind, each.title or key.replace("_", " ").capitalize(), each.describe,
                                in_files(each.unit, others) if each.kind != "p" else NONE, ends):  # fmt: skip
            # Two columns may have one name once a unit stands behind it: the second keeps its own besides.
            name = field.name if field.name not in taken else f"{field.name}_{key}"
            taken.add(name)
            yield replace(field, name=name, identifies=each.identifies and field.source == key)


def _of_column(
    key: str, kind: str, title: str, describe: str, unit: Unit, ends: tuple[str, str]
) -> Iterator[DataField]:
    """A column's fields: an estimate has its interval, its stars and its place in the leading set beside it."""
    name, number = NAMES.get(key, key), kind in ("number", "estimate", "p")
    in_unit = f" Unit: {unit.word}." if unit.word else ""

    def numeric(what: str, words: str, ending: str = "") -> DataField:
        return DataField(_named(what, unit), "number", title, words + in_unit, unit, f"{key}{ending}", bool(ending))

    yield numeric(name, describe) if number else DataField(name, "string", title, describe, source=key)
    if kind == "estimate":
        yield numeric(f"{name}_low", ends[0], "_low")
        yield numeric(f"{name}_high", ends[1], "_high")
        stars = "Stars of the corrected p; empty where not significant, withheld or not tested."
        yield DataField(f"{name}_stars", "string", title, stars, source=f"{key}_stars", companion=True)
        leading = "Whether it is one of the leading set (bold)."
        yield DataField(f"{name}_leading", "boolean", title, leading, source=f"{key}_leading", companion=True)
    if number:
        note = "Why there is no value, or what to know of it."
        yield DataField(f"{name}_note", "string", title, note, source=f"{key}_note", companion=True)


def _named(name: str, unit: Unit) -> str:
    """A name that ends with its unit."""
    return f"{name}_{unit.word}" if unit.word and not f"_{name}".endswith(f"_{unit.word}") else name


def _recorded(table: Table | Dataset) -> Iterator[Record]:
    """The rows by the keys of their columns."""
    if isinstance(table, Table):
        yield from (_record(table, row) for row in table.rows)
        return
    # A frame need not have the columns that accompany an estimate: those that it lacks say nothing.
    estimates = [name for name, field in table.fields.items() if field.kind == "estimate"]
    blanks = {f"{name}_leading": False for name in estimates}
    yield from (blanks | {str(name): value for name, value in row.items()} for row in table.frame.to_dict("records"))


def _record(table: Table, row: Row) -> Record:
    record: Record = {}
    for column in table.columns:
        record |= recorded(column.key, column.kind, row[column.key])
    return record
