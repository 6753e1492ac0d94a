"""Every notebook runs from its first cell to its last, on settings that take seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bench

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(bench.__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SMALL = """
exploratory = true
seeds = [0]
[data]
probe = 64
[training]
epochs = 1
[finetuning]
epochs = 1
[[models]]
name = "resnet8"
[[methods]]
name = "nncf-int8-qat"
"""
SETTINGS: dict[str, dict[str, Any]] = {
    "resnet18_int8": {"PROFILE": "small.toml", "STEPS": 4, "CHANNELS": [0, 1]},
    "my_network": {"EPOCHS": 1, "STEPS": 4, "SEEDS": [0, 1]},
}


def read(path: Path):
    return nbformat.read(path, as_version=4)


@pytest.mark.sampled
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_the_first_cell_to_the_last(path, tmp_path, monkeypatch):
    notebook = read(path)
    (place,) = [at for at, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    shrunk = "\n".join(f"{name} = {value!r}" for name, value in SETTINGS[path.stem].items())
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(shrunk))
    (tmp_path / "small.toml").write_text(SMALL)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.get("outputs")]
    assert all(len(cell.source.splitlines()) <= 30 for cell in notebook.cells)
