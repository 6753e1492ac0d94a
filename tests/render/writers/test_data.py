from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import frictionless
import numpy as np
import pyarrow
import pytest
from matplotlib import pyplot
from pyarrow import parquet

from bench.analysis.study import Study
from bench.render.document import Document, compose
from bench.render.kit.dataset import Dataset
from bench.render.kit.table import Column, Datum, Table
from bench.render.writers import data
from bench.render.writers.data import data_tables, write
from bench.render.writers.datapackage import package
from bench.render.writers.fields import DataField

ROOT = Path(__file__).parents[3]
UNITS = ("percent", "points", "bytes", "s", "bits", "nats", "seed_equivalents", "sd")


@pytest.fixture(scope="module")
def document(study: Study) -> Document:
    return compose([study])


@pytest.fixture(scope="module")
def folder(document: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data")
    write(document, out)
    return out / "data"


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def resources(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]


def test_every_table_is_there_in_full_precision(document: Document, folder: Path):
    tables = {table.id: table for table in data_tables(document)}
    for table in document.data:
        fields = tables[table.id].fields
        printed, records = rows(folder, table.id), json.loads((folder / f"{table.id}.json").read_text("utf-8"))
        assert len(printed) == len(records) == table.size
        for row, record, line in zip(printed, records, _values(table)):
            assert list(row) == list(record) == [field.name for field in fields]
            for field in fields:
                if field.source in line:
                    value = field.unit.of(line[field.source])
                    assert record[field.name] == value
                    if isinstance(value, float):
                        assert float(row[field.name]) == value


def test_an_estimate_has_its_interval_beside_it(folder: Path):
    record = json.loads((folder / "results.json").read_text(encoding="utf-8"))[0]
    assert record["top1_low_percent"] < record["top1_percent"] < record["top1_high_percent"]
    assert record["top1_leading"] in (True, False)


def test_the_dictionary_says_which_interval_an_end_is_of(folder: Path):
    described = {resource["name"]: resource["schema"]["fields"] for resource in resources(folder)}
    says = {field["name"]: field["description"] for field in described["results"]}
    assert says["top1_low_percent"].startswith("Lower end of the 95% interval.")
    for name in ("results", "verdicts"):
        ends = [field["description"] for field in described[name] if field["name"].startswith("decides_low")]
        assert ends and all(each.startswith("Lower end of the interval that decides") for each in ends)


def test_parquet_holds_what_csv_holds_with_the_types_of_the_dictionary(folder: Path):
    kinds = {"string": pyarrow.string(), "number": pyarrow.float64(), "boolean": pyarrow.bool_()}
    for resource in resources(folder):
        as_json, as_parquet = (folder / name for name in resource["alternatives"])
        table, fields = parquet.read_table(as_parquet), resource["schema"]["fields"]
        texts = {field["name"] for field in fields if field["type"] == "string"}
        for row, record in zip(table.to_pylist(), json.loads(as_json.read_text(encoding="utf-8")), strict=True):
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


def test_the_package_is_complete(document: Document, folder: Path):
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert described == json.loads(json.dumps(package(document, data_tables(document))))
    assert described["licenses"] == [
        {"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0",
         "path": "https://creativecommons.org/licenses/by/4.0/"}
    ]  # fmt: skip
    assert described["created"].startswith(document.date) and "T" in described["created"]
    by_name = {resource["name"]: resource["schema"] for resource in described["resources"]}
    assert by_name["per_seed"]["primaryKey"] == ["network", "method", "seed", "metric"]
    assert by_name["results"]["primaryKey"] == ["network", "method"]
    assert by_name["methods"]["primaryKey"] == ["method"]
    to_methods = [{"fields": ["method"], "reference": {"resource": "methods", "fields": ["method"]}}]
    for name, schema in by_name.items():
        named = any(field["name"] == "method" for field in schema["fields"])
        assert schema.get("foreignKeys", []) == (to_methods if named and name != "methods" else []), name
    for resource in described["resources"]:
        header = next(csv.reader((folder / resource["path"]).open(encoding="utf-8")))
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == header
        assert all(field["description"] and field["type"] in ("string", "number", "boolean") for field in fields)


def test_one_unit_for_each_quantity_throughout(document: Document, folder: Path):
    printed = {column.unit for table in document.tables for column in table.columns}
    assert {"kB", "%", "points"} <= printed  # what pages print in, and the files do not
    seen = set()
    for resource in resources(folder):
        for field in resource["schema"]["fields"]:
            words = field["name"].lower().replace("-", "_").split("_")
            assert not {"kb", "mb", "ms", "million", "millions", "seconds"} & set(words), field
            unit = field.get("unit", "")
            assert unit in ("", *UNITS), field
            assert field["name"].endswith(f"_{unit}" if unit else ""), field
            assert any(field["name"].endswith(f"_{word}") for word in UNITS) == bool(unit), field
            seen.add(unit)
    assert {"percent", "points", "bytes"} <= seen
    units = defaultdict(set)
    for row in rows(folder, "per_seed"):
        units[row["metric"]].add(row["unit"])
        assert row["unit"] in (*UNITS, "1")
    assert all(len(found) == 1 for found in units.values())


def test_files_agree_on_accuracy_and_size(folder: Path):
    seeds = defaultdict(list)
    for row in rows(folder, "per_seed"):
        seeds[row["network"], row["method"], row["metric"]].append(float(row["value"]))
    compared = 0
    for row in rows(folder, "results"):
        for column, metric in (("top1_percent", "test_accuracy"), ("payload_bytes", "payload_bytes"),
                               ("file_bytes", "file_bytes")):  # fmt: skip
            values = seeds[row["network"], row["method"], metric]
            assert float(row[column]) == pytest.approx(sum(values) / len(values), rel=1e-9)
            compared += 1
    assert compared >= 60


def test_the_five_lines_of_the_readme_draw_figure_1(
    study: Study, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (lines,) = re.findall(
        r"```python\n(.*?per_seed.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert sum(bool(line) and not line.startswith("import ") for line in lines.splitlines()) == 5
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "data").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    pyplot.switch_backend("agg")
    exec(lines, {})
    axes = pyplot.gca()
    drawn = sorted(tuple(point) for line in axes.lines for point in line.get_xydata().tolist())
    families = [line.get_label() for line in axes.lines]
    pyplot.close()
    assert (tmp_path / "figure-1.pdf").stat().st_size > 1000
    networks = [variant.label for variant in study.plan.variants]
    expected = sorted(
        (study.payload("resnet8", label) / 1000, 100 * study.level("resnet8", label).value) for label in networks
    )
    assert np.array(drawn) == pytest.approx(np.array(expected))
    assert families == sorted({variant.family for variant in study.plan.variants})


def test_no_column_is_empty_and_every_method_has_its_family_and_role(study: Study, folder: Path):
    of = {variant.label: (variant.family, variant.control) for variant in study.plan.variants}
    seen = 0
    for resource in resources(folder):
        table = rows(folder, resource["path"].removesuffix(".csv"))
        assert table, resource["name"]
        for name in table[0]:
            assert any(row[name] != "" for row in table), (resource["name"], name)
        if "method" in table[0]:
            for row in (row for row in table if row["method"]):
                assert (row["family"], row["role"] != "method") == of[row["method"]]
                seen += 1
    assert seen > 1000


@pytest.mark.slow
def test_tables_without_a_row_have_no_file_and_no_link(small, tmp_path: Path, without_latex: None):
    from bench.render import report

    report([small.write(tmp_path)], tmp_path / "out")
    written = {path.name for path in (tmp_path / "out" / "data").glob("*.csv")}
    assert "holes.csv" not in written and "per_seed.csv" in written
    page = (tmp_path / "out" / "details.html").read_text(encoding="utf-8")
    linked = {part.partition('"')[0] for part in page.split('href="data/')[1:]}
    assert {name for name in linked if name.endswith(".csv")} == written


def _values(table: Table | Dataset) -> list[dict[str, Any]]:
    if isinstance(table, Dataset):
        return table.frame[list(table.fields)].to_dict("records")
    return [{column.key: _hole(column, row[column.key]) for column in table.columns} for row in table.rows]


def _hole(column: Column, datum: Datum) -> Any:
    return datum.hole if datum.value is None and column.is_text and datum.hole else datum.value


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", "-"])
def test_a_text_is_no_formula_to_a_spreadsheet(text: str):
    column = DataField("name", "string", "Name", "")
    (row,) = csv.DictReader(io.StringIO(data._csv([column], [{"name": text}]), newline=""))
    assert row["name"] == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, "-1.5", "+3", "-inf", "a=b", "a-b", "", 0])
def test_numbers_and_other_texts_stay(value: Any):
    column = DataField("name", "string", "Name", "")
    (row,) = csv.DictReader(io.StringIO(data._csv([column], [{"name": value}])))
    assert row["name"] == str(value)
