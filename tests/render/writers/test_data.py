from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import frictionless
import pyarrow
import pytest
from pyarrow import parquet

from bench.analysis.study import Study
from bench.render.document import Document, compose
from bench.render.kit.dataset import Dataset
from bench.render.kit.table import Column, Datum, Table
from bench.render.writers import data
from bench.render.writers.data import fields, package, write


@pytest.fixture(scope="module")
def document(study: Study) -> Document:
    return compose([study])


@pytest.fixture(scope="module")
def folder(document: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data")
    write(document, out)
    return out / "data"


def test_every_table_is_there_in_full_precision(document: Document, folder: Path):
    for table in document.data:
        rows = list(csv.DictReader((folder / f"{table.id}.csv").open(encoding="utf-8")))
        records = json.loads((folder / f"{table.id}.json").read_text(encoding="utf-8"))
        assert len(rows) == len(records) == table.size
        for row, record, line in zip(rows, records, _values(table)):
            assert list(row) == list(record) == [field.name for field in fields(table)]
            for name, value in line.items():
                assert record[name] == value
                if isinstance(value, float):
                    assert float(row[name]) == value


def test_an_estimate_has_its_interval_beside_it(folder: Path):
    record = json.loads((folder / "results.json").read_text(encoding="utf-8"))[0]
    assert record["top1_low"] < record["top1"] < record["top1_high"]
    assert record["top1_leading"] in (True, False)


def test_parquet_holds_what_csv_holds_with_the_types_of_the_dictionary(folder: Path):
    kinds = {"string": pyarrow.string(), "number": pyarrow.float64(), "boolean": pyarrow.bool_()}
    for resource in json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]:
        as_json, as_parquet = (folder / name for name in resource["alternatives"])
        table, fields = parquet.read_table(as_parquet), resource["schema"]["fields"]
        for row, record in zip(table.to_pylist(), json.loads(as_json.read_text(encoding="utf-8")), strict=True):
            texts = {field["name"] for field in fields if field["type"] == "string"}
            assert row == {
                name: str(value) if name in texts and value is not None else value for name, value in record.items()
            }
        assert [table.schema.field(field["name"]).type for field in fields] == [
            kinds[field["type"]] for field in fields
        ]


def test_frictionless_takes_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    report = frictionless.Package("datapackage.json").validate()
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "note"])[:5]


def test_the_dictionary_describes_every_field_of_every_file(document: Document, folder: Path):
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert described == json.loads(json.dumps(package(document)))
    for resource in described["resources"]:
        header = next(csv.reader((folder / resource["path"]).open(encoding="utf-8")))
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == header
        assert all(field["description"] and field["type"] in ("string", "number", "boolean") for field in fields)


def _values(table: Table | Dataset) -> list[dict[str, Any]]:
    if isinstance(table, Dataset):
        return table.frame[list(table.fields)].to_dict("records")
    return [{column.key: _hole(column, row[column.key]) for column in table.columns} for row in table.rows]


def _hole(column: Column, datum: Datum) -> Any:
    return datum.hole if datum.value is None and column.is_text and datum.hole else datum.value


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", "-"])
def test_a_text_is_no_formula_to_a_spreadsheet(text: str):
    column = data.DataField("name", "string", "Name", "")
    (row,) = csv.DictReader(io.StringIO(data._csv([column], [{"name": text}]), newline=""))
    assert row["name"] == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, "-1.5", "+3", "-inf", "a=b", "a-b", "", 0])
def test_numbers_and_other_texts_stay(value: Any):
    column = data.DataField("name", "string", "Name", "")
    (row,) = csv.DictReader(io.StringIO(data._csv([column], [{"name": value}])))
    assert row["name"] == str(value)
