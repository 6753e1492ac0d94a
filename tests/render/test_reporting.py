"""The whole way from runs to a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError
from bench.render import report


def test_a_folder_without_a_plan_is_one_sentence(tmp_path: Path):
    with pytest.raises(InputError, match=r"no plan\.json: run `make bench PROFILE=nothing` first"):
        report([tmp_path / "nothing"], tmp_path / "report")


def test_everything_is_written(rendered: Path):
    names = {str(path.relative_to(rendered)) for path in rendered.rglob("*") if path.is_file()}
    assert {"index.html", "appendix.tex", "appendix-body.tex", "references.bib", "data/results.csv"} <= names
    assert {"data/results.json", "data/datapackage.json", "figures/footprint.pdf"} <= names
