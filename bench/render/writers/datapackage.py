"""The data dictionary: a Frictionless Data Package of all tables, with what tells their rows apart."""

from __future__ import annotations

from typing import Any

from bench.render.document import Document
from bench.render.writers.fields import METHOD, DataField, DataTable

METHODS = "methods"  # the table that lists every method once
LICENSES = {
    "CC-BY-4.0": ("Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC0-1.0": ("Creative Commons Zero 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
}
DESCRIPTION = (
    "Every table of the report, unrounded. Sizes are in bytes, times in seconds, shares in percent and their "
    "differences in points; a column's name ends with its unit. Columns that are empty in every row are left out. "
    "per_seed holds every metric of every network and seed; a cell without a result has rows without a value there, "
    "whose state says why. A text that begins with =, +, - or @ has an apostrophe before it in CSV."
)


def package(document: Document, tables: list[DataTable]) -> dict[str, Any]:
    """The content of `datapackage.json`."""
    authors = [{"title": author, "role": "author"} for author in document.theme.authors]
    created = {"created": document.created} if document.created else {}
    return {
        "profile": "tabular-data-package",
        "name": "innards-report",
        "title": document.title,
        "description": DESCRIPTION,
        "version": document.version,
        **created,
        "licenses": [_license(document.theme.license)],
        **({"contributors": authors} if authors else {}),
        "resources": [_resource(table, tables) for table in tables],
    }


def _license(name: str) -> dict[str, str]:
    title, path = LICENSES.get(name, ("", ""))
    return {"name": name, "title": title, "path": path} if path else {"name": name}


def _resource(table: DataTable, tables: list[DataTable]) -> dict[str, Any]:
    keys, references = table.keys, _references(table, tables)
    return {
        "name": table.id.lower(),
        "path": f"{table.id}.csv",
        "alternatives": [f"{table.id}.json", f"{table.id}.parquet"],
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "title": table.title,
        "description": table.description,
        "schema": {
            "fields": [_field(field) for field in table.fields],
            "missingValues": [""],
            **({"primaryKey": keys} if keys else {}),
            **({"foreignKeys": references} if references else {}),
        },
    }


def _field(field: DataField) -> dict[str, Any]:
    unit = {"unit": field.unit.word} if field.unit.word else {}
    described = {"name": field.name, "type": field.type, "title": field.title, "description": field.describe}
    return described | unit


def _references(table: DataTable, tables: list[DataTable]) -> list[dict[str, Any]]:
    """From the methods that a table names to the list of methods, unless it names others too, such as pictures'."""
    # Every profile of a report has a list of its own, whose name begins as those of its other tables do.
    lists = [
        other for other in tables if other.id.endswith(METHODS) and table.id.startswith(other.id.removesuffix(METHODS))
    ]
    if not lists or METHOD not in {field.name for field in table.fields}:
        return []
    listed = max(lists, key=lambda other: len(other.id))
    if listed is table:
        return []
    known = {row[METHOD] for row in listed.rows} | {None, ""}
    if not all(row[METHOD] in known for row in table.rows):
        return []
    return [{"fields": [METHOD], "reference": {"resource": listed.id.lower(), "fields": [METHOD]}}]
