"""Every table as CSV, JSON and Parquet, unrounded, and a Frictionless Data Package that describes the columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from bench.render.document import Document
from bench.render.kit.dataset import Dataset
from bench.render.kit.table import Row, Table, recorded

FORMULA = ("=", "+", "-", "@", "\t")  # how a cell begins that a spreadsheet computes
BLANKS = {"boolean": False, "string": "", "number": None}


@dataclass(frozen=True)
class DataField:
    """One field of a table's files, as the data dictionary describes it."""

    name: str
    type: str
    title: str
    describe: str


def write(document: Document, out: Path) -> None:
    """Write `out/data/`: `<table>.csv`, `.json` and `.parquet` for every table, and `datapackage.json`."""
    folder = out / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for table in document.data:
        schema, rows = fields(table), records(table)
        (folder / f"{table.id}.csv").write_text(_csv(schema, rows), encoding="utf-8", newline="")
        (folder / f"{table.id}.json").write_text(_json(rows), encoding="utf-8")
        parquet.write_table(_arrow(schema, rows), folder / f"{table.id}.parquet")
    (folder / "datapackage.json").write_text(_json(package(document)), encoding="utf-8")


def package(document: Document) -> dict[str, Any]:
    """The data dictionary: what each file and each field holds."""
    return {
        "name": "innards-report",
        "title": document.title,
        "version": document.version,
        "profile": "tabular-data-package",
        "resources": [_resource(table) for table in document.data],
    }


def _resource(table: Table | Dataset) -> dict[str, Any]:
    return {
        "name": table.id.lower(),
        "path": f"{table.id}.csv",
        "alternatives": [f"{table.id}.json", f"{table.id}.parquet"],
        "profile": "tabular-data-resource",
        "title": table.title,
        "description": table.caption,
        "schema": {
            "fields": [
                {"name": field.name, "type": field.type, "title": field.title, "description": field.describe}
                for field in fields(table)
            ],
            "missingValues": [""],
        },
    }


def fields(table: Table | Dataset) -> list[DataField]:
    """The fields of a table's data files, in order."""
    if isinstance(table, Dataset):
        described: list[tuple[str, str, str, str, str]] = [
            (name, field.kind, field.head(name), field.unit, field.describe) for name, field in table.fields.items()
        ]
    else:
        described = [(column.key, column.kind, column.head, column.unit, column.describe) for column in table.columns]
    return [field for column in described for field in _fields(*column)]


def _fields(name: str, kind: str, title: str, unit: str, describe: str) -> Iterator[DataField]:
    """A column's fields: an estimate has its interval, its stars and its place in the leading set beside it."""
    number, in_unit = kind in ("number", "estimate", "p"), f" Unit: {unit}." if unit else ""
    yield DataField(name, "number" if number else "string", title, describe + in_unit)
    if kind == "estimate":
        yield DataField(f"{name}_low", "number", title, f"Lower end of the 95% interval.{in_unit}")
        yield DataField(f"{name}_high", "number", title, f"Upper end of the 95% interval.{in_unit}")
        stars = "Stars of the corrected p; empty where not significant, withheld or not tested."
        yield DataField(f"{name}_stars", "string", title, stars)
        yield DataField(f"{name}_leading", "boolean", title, "Whether it is one of the leading set (bold).")
    if number:
        yield DataField(f"{name}_note", "string", title, "Why there is no value, or what to know of it.")


def records(table: Table | Dataset) -> list[dict[str, Any]]:
    """The rows of a table's data files, by field."""
    if isinstance(table, Table):
        return [_record(table, row) for row in table.rows]
    # A frame need not have the columns that accompany an estimate or a number: without stars, not leading, no note.
    blanks = {field.name: None if field.name in table.fields else BLANKS[field.type] for field in fields(table)}
    return [{name: row.get(name, blank) for name, blank in blanks.items()} for row in table.frame.to_dict("records")]


def _record(table: Table, row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for column in table.columns:
        record |= recorded(column.key, column.kind, row[column.key])
    return record


def _csv(schema: list[DataField], rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [field.name for field in schema], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would compute, as text: with the apostrophe that spreadsheets hide."""
    if not isinstance(value, str):
        return value
    value = value.replace("\r", " ")  # which Python's writer does not quote
    if not value.startswith(FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def _arrow(schema: list[DataField], rows: list[dict[str, Any]]) -> pyarrow.Table:
    """The rows with the types that the data dictionary gives, also where a column is all holes."""
    types = {"boolean": pyarrow.bool_(), "string": pyarrow.string(), "number": pyarrow.float64()}
    typed = [pyarrow.field(field.name, types[field.type], metadata={"description": field.describe}) for field in schema]
    columns = [
        pyarrow.array([_typed(row[field.name], field.type == types["string"]) for row in rows], field.type)
        for field in typed
    ]
    return pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(typed))


def _typed(value: Any, text: bool) -> Any:
    return str(value) if text and value is not None else value


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
