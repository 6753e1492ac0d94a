"""Every table as CSV, JSON and Parquet, unrounded, and a Frictionless Data Package that describes the columns.

One unit for each quantity throughout, see `bench/render/kit/units.py`; a column's name ends with it. Columns that say
nothing of any row are left out, and so are tables without a row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from bench.render.document import Document
from bench.render.kit.rows import role_of, units_of
from bench.render.writers.datapackage import package
from bench.render.writers.fields import DataField, DataTable, Methods, data_table

FORMULA = ("=", "+", "-", "@", "\t")  # how a cell begins that a spreadsheet computes


def write(document: Document, out: Path) -> None:
    """Write `out/data/`: `<table>.csv`, `.json` and `.parquet` for every table, and `datapackage.json`."""
    folder = out / "data"
    folder.mkdir(parents=True, exist_ok=True)
    tables = data_tables(document)
    for table in tables:
        (folder / f"{table.id}.csv").write_text(_csv(table.fields, table.rows), encoding="utf-8", newline="")
        (folder / f"{table.id}.json").write_text(_records(table.rows), encoding="utf-8")
        parquet.write_table(_arrow(table.fields, table.rows), folder / f"{table.id}.parquet")
    (folder / "datapackage.json").write_text(_json(package(document, tables)), encoding="utf-8")


def data_tables(document: Document) -> list[DataTable]:
    """What the files hold, table by table."""
    studies = [part.study for part in document.parts]
    methods: Methods = {
        variant.label: (variant.family, role_of(variant)) for study in studies for variant in study.plan.variants
    }
    others = set().union(*map(units_of, studies))
    return [data_table(table, methods, others) for table in document.data]


def _csv(fields: Sequence[DataField], rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = [field.name for field in fields]
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
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


def _arrow(fields: Sequence[DataField], rows: list[dict[str, Any]]) -> pyarrow.Table:
    """The rows with the types that the data dictionary gives."""
    types = {"boolean": pyarrow.bool_(), "string": pyarrow.string(), "number": pyarrow.float64()}
    typed = [pyarrow.field(field.name, types[field.type], metadata={"description": field.describe}) for field in fields]
    columns = [
        pyarrow.array([_typed(row[field.name], field.type == types["string"]) for row in rows], field.type)
        for field in typed
    ]
    return pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(typed))


def _typed(value: Any, text: bool) -> Any:
    return str(value) if text and value is not None else value


def _records(rows: list[dict[str, Any]]) -> str:
    """Rows as JSON, a line each."""
    line = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    return "[\n" + ",\n".join(map(line, rows)) + "\n]\n"


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
