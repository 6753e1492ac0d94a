"""Every table as CSV, JSON and Parquet, unrounded, and a Frictionless Data Package that describes the columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.render.document import Document
from bench.render.kit.table import Column, Datum, Table

if TYPE_CHECKING:
    import pyarrow


def write(document: Document, out: Path) -> None:
    """Write `out/data/`: `<table>.csv`, `.json` and `.parquet` for every table, and `datapackage.json`."""
    from pyarrow import parquet

    folder = out / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for table in document.tables:
        fields, records = names(table), list(_records(table))
        (folder / f"{table.id}.csv").write_text(_csv(fields, records), encoding="utf-8", newline="")
        (folder / f"{table.id}.json").write_text(_json(records), encoding="utf-8")
        parquet.write_table(_arrow(table, records), folder / f"{table.id}.parquet")
    (folder / "datapackage.json").write_text(_json(package(document)), encoding="utf-8")


def names(table: Table) -> list[str]:
    """The fields of a table's data files, in order."""
    return [name for column in table.columns for name, _ in _fields(column)]


def package(document: Document) -> dict[str, Any]:
    """The data dictionary: what each file and each field holds."""
    return {
        "name": "innards-report",
        "title": document.title,
        "version": document.version,
        "profile": "tabular-data-package",
        "resources": [_resource(table) for table in document.tables],
    }


def _resource(table: Table) -> dict[str, Any]:
    return {
        "name": table.id.lower(),
        "path": f"{table.id}.csv",
        "alternatives": [f"{table.id}.json", f"{table.id}.parquet"],
        "profile": "tabular-data-resource",
        "title": table.title,
        "description": table.caption,
        "schema": {
            "fields": [
                {"name": name, "type": _type(column, name), "title": column.head, "description": describe}
                for column in table.columns
                for name, describe in _fields(column)
            ],
            "missingValues": [""],
        },
    }


def _fields(column: Column) -> Iterator[tuple[str, str]]:
    """A column's fields: an estimate has its interval, its stars and its place in the leading set beside it."""
    unit = f" Unit: {column.unit}." if column.unit else ""
    yield column.key, column.describe + unit
    if column.kind == "estimate":
        yield f"{column.key}_low", f"Lower end of the 95% interval.{unit}"
        yield f"{column.key}_high", f"Upper end of the 95% interval.{unit}"
        yield f"{column.key}_stars", "Stars of the corrected p; empty where not significant, withheld or not tested."
        yield f"{column.key}_leading", "Whether it is one of the leading set (bold)."
    if not column.is_text:
        yield f"{column.key}_note", "Why there is no value, or what to know of it."


def _type(column: Column, name: str) -> str:
    if name.endswith("_leading"):
        return "boolean"
    return "string" if column.is_text or name.endswith(("_stars", "_note")) else "number"


def _records(table: Table) -> Iterator[dict[str, Any]]:
    for row in table.rows:
        record: dict[str, Any] = {}
        for column, cell in zip(table.columns, row.cells):
            record.update(_values(column, cell))
        yield record


def _values(column: Column, cell: Datum) -> Mapping[str, Any]:
    found: dict[str, Any] = {column.key: cell.value}
    if column.kind == "estimate":
        found |= {
            f"{column.key}_low": cell.low,
            f"{column.key}_high": cell.high,
            f"{column.key}_stars": cell.stars,
            f"{column.key}_leading": cell.bold,
        }
    if not column.is_text:
        found[f"{column.key}_note"] = "; ".join(part for part in (cell.hole, cell.note) if part)
    elif cell.value is None and cell.hole:
        found[column.key] = cell.hole
    return found


def _csv(fields: list[str], records: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return buffer.getvalue()


def _arrow(table: Table, records: list[dict[str, Any]]) -> pyarrow.Table:
    """The records with the types that the data dictionary gives, also where a column is all holes."""
    import pyarrow

    types = {"boolean": pyarrow.bool_(), "string": pyarrow.string(), "number": pyarrow.float64()}
    fields = [
        pyarrow.field(name, types[_type(column, name)], metadata={"description": describe})
        for column in table.columns
        for name, describe in _fields(column)
    ]
    columns = [
        pyarrow.array([_typed(record.get(field.name), field.type == types["string"]) for record in records], field.type)
        for field in fields
    ]
    return pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(fields))


def _typed(value: Any, text: bool) -> Any:
    return str(value) if text and value is not None else value


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
