"""The published example, on a small invented study."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.results import load
from bench.errors import InputError
from bench.example.__main__ import main
from bench.example.study import hours, of_seeds, published, whole_seeds

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shrunk(runs, variants):
    labels = ("original", "finetune", "other-seed", "random-weights", "float16", "magnitude:sparsity=0.9")
    chosen = tuple(variants[label] for label in labels)
    return runs(models=("resnet8",), seeds=(0, 1, 2, 3), variants=chosen, name="study")


@pytest.fixture
def lacking(shrunk):
    """Its last seed lost a cell."""
    return replace(shrunk, states={"compress/resnet8/3/float16": "missing"})


def test_a_seed_that_lost_a_cell_is_left_out_and_named(lacking, tmp_path: Path):
    study = published(lacking.write(tmp_path), tmp_path / "none")
    assert study.plan.seeds == [0, 1, 2]
    assert "4 seeds were planned; 0, 1 and 2 are done. Seed 3 was lost and left out." in study.plan.report.abstract
    assert study.results.count("done") == len(study.results.cells)
    assert set(study.results.cells["seed"]) == set(study.results.compressed["seed"]) == {0, 1, 2}
    full = load(tmp_path / "study")
    assert study.per_seed("test_accuracy", "resnet8", "float16") == pytest.approx(
        full.by_seed("compressed", "test_accuracy", "resnet8", "float16")[:3]
    )


def test_what_a_seed_is_compared_with_stays(lacking, tmp_path: Path):
    results = load(lacking.write(tmp_path))
    by_name = {cell.name: cell for cell in results.plan.cells}
    other = by_name["compress/resnet8/2/other-seed"]
    needs = other.model_copy(update={"parents": {"trained": by_name["train/resnet8/3"].key}})
    cells = [needs if cell.key == other.key else cell for cell in results.plan.cells]
    results = replace(results, plan=results.plan.model_copy(update={"cells": cells}))
    kept = of_seeds(results, [0, 1, 2])
    assert set(kept.cells["name"]) - {name for name in by_name if "/3" not in name} == {"train/resnet8/3"}
    assert len(kept.cells) == len(kept.plan.cells) == len(kept.provenance)


def test_a_whole_study_says_what_it_took_and_nothing_of_seeds(shrunk, tmp_path: Path):
    study = published(shrunk.write(tmp_path), tmp_path / "none")
    assert study.plan.seeds == [0, 1, 2, 3]
    seconds = study.results.provenance["cpu_seconds"].sum()
    assert hours(study) == pytest.approx(seconds / 3600)
    assert study.plan.report.abstract == f"All cells took {seconds / 3600:.1f} hours of processor time."


def test_failed_and_refused_cells_are_results(shrunk, tmp_path: Path):
    states = {"compress/resnet8/0/float16": "failed", "compress/resnet8/1/float16": "refused"}
    assert whole_seeds(load(replace(shrunk, states=states).write(tmp_path))) == [0, 1, 2, 3]


def test_twice_the_epochs_are_compared_once(shrunk, tmp_path: Path):
    folder = shrunk.write(tmp_path)
    twice = replace(shrunk, name="study-twice", seeds=(0,), accuracy=lambda model, seed, label: 91.25).write(tmp_path)
    once = 100 * load(folder).by_seed("compressed", "test_accuracy", "resnet8", "original")[0]
    abstract = published(folder, twice).plan.report.abstract
    sentence = f"Trained for twice the epochs, ResNet-8 of seed 0 has 91.25% instead of {once:.2f}%."
    assert abstract.count("twice") == 1 and sentence in abstract


def test_too_few_seeds_are_refused(shrunk, tmp_path: Path):
    states = {f"compress/resnet8/{seed}/float16": "missing" for seed in (1, 3)}
    with pytest.raises(InputError, match="2 of 4 seeds without a missing cell, an example needs 3"):
        published(replace(shrunk, states=states).write(tmp_path), tmp_path / "none")


def test_a_study_that_is_not_there_is_refused_in_one_sentence(tmp_path: Path, capsys):
    assert main(["--runs", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "holds no plan.json: run `make bench PROFILE=cifar10-cpu-study` first" in error
    assert not (tmp_path / "out").exists()


def test_seeds_that_are_all_there_change_nothing(shrunk, tmp_path: Path):
    results = load(shrunk.write(tmp_path))
    same = of_seeds(results, [0, 1, 2, 3])
    assert len(same.cells) == len(results.cells) and len(same.provenance) == len(results.provenance)


def test_the_profile_twice_is_the_study_but_for_its_epochs_and_seeds():
    study, twice = (
        tomllib.loads((ROOT / f"bench/profiles/cifar10-cpu-study{end}.toml").read_text(encoding="utf-8"))
        for end in ("", "-twice")
    )
    assert twice["training"].pop("epochs") == 2 * study["training"].pop("epochs")
    for part in ("training", "finetuning", "models", "data", "margins"):
        assert twice[part] == study[part]
    assert (twice["seeds"], len(twice["methods"])) == ([0], 1)


@pytest.mark.slow
def test_pages_and_csv_files_without_a_broken_link(lacking, tmp_path: Path, without_latex: None, capsys):
    lacking.write(tmp_path)
    out = tmp_path / "example"
    assert main(["--profile", "study", "--runs", str(tmp_path), "--out", str(out)]) == 0
    assert "3 seeds" in capsys.readouterr().out
    assert {file.suffix for file in (out / "data").iterdir()} == {".csv", ".json"}
    assert [file.name for file in (out / "data").glob("*.json")] == ["datapackage.json"]
    assert "alternatives" not in json.loads((out / "data" / "datapackage.json").read_text())["resources"][0]
    for page in out.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        linked = {part.partition('"')[0] for part in text.split(' href="')[1:]}
        for link in linked:
            if not link.startswith(("#", "http", "data:")):
                assert (out / link.partition("#")[0]).is_file(), link
        assert "Seed 3 was lost" in text or page.name != "index.html"
