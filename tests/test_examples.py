"""The example of README and CONTRIBUTING: a method, a measure and a diagnostic of one's own, from plan to page."""

import json
from pathlib import Path

import numpy as np
import pytest

import bench
from bench.cli import main

ROOT = Path(bench.__file__).parents[1]
BROKEN = """
from dataclasses import dataclass
from bench.compress.method import Method

@dataclass(frozen=True)
class Wrong(Method):
    family, title = "mine", "Wrong"
    def __call__(self, compressed, workbench):
        return compressed.network.no_such_layer

@dataclass(frozen=True)
class Silent(Method):
    family, title = "mine", "Silent"
    def __call__(self, compressed, workbench): ...
"""
PROFILE = """
seeds = [0]
models = [{name = "resnet8"}]
methods = [{name = "failing_guest:Wrong"}, {name = "failing_guest:Silent"}, {name = "float16"}]
[training]
epochs = 1
[finetuning]
epochs = 1
"""


@pytest.fixture
def root(monkeypatch):
    """The current folder, from which `examples.method` is found."""
    monkeypatch.chdir(ROOT)


@pytest.mark.slow
def test_the_profile_of_the_examples_is_run_and_reported(root, tmp_path):
    common = ["--profile", "examples/mine.toml", "--runs", str(tmp_path)]
    assert main(["run", *common, "--jobs", "1"]) == 0
    assert main(["report", *common, "--out", str(tmp_path / "report")]) == 0
    page = (tmp_path / "report" / "details.html").read_text(encoding="utf-8")
    assert "Soft threshold (amount 0.5) + float16" in page
    assert "shrinkage" in page
    assert "Donoho 1995" in page
    assert "De-noising by soft-thresholding" in (tmp_path / "report" / "references.bib").read_text(encoding="utf-8")
    assert r"\innardscite{donoho1995denoising" in (tmp_path / "report" / "appendix-body.tex").read_text(
        encoding="utf-8"
    )
    numbers = (tmp_path / "report" / "data" / "per_seed.csv").read_text(encoding="utf-8")
    assert "confidence.compressed" in numbers


def test_the_measure_is_asked_for_by_name(root, tmp_path, capsys):
    rng = np.random.default_rng(0)
    files = [str(tmp_path / name) for name in ("a.npz", "b.npz")]
    for file in files:
        np.savez(file, activations=rng.normal(size=(60, 5)))
    assert main(["similarity", *files, "--json", "--measures", "examples.measure:SpectrumCosine", "churn"]) == 0
    spectrum, churn = json.loads(capsys.readouterr().out)
    assert 0.9 < spectrum["value"] <= 1
    assert "needs an array 'logits'" in churn["refused"]


def test_each_is_listed_with_its_settings(root, capsys):
    assert main(["list", "examples.method:SoftThreshold"]) == 0
    shown = capsys.readouterr().out
    for part in (
        "method examples.method:SoftThreshold: All weights",
        "shrinkage",
        "donoho1995denoising",
        "amount  0.5",
    ):
        assert part in shown


def test_the_readme_shows_what_there_is():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    source = (ROOT / "examples" / "method.py").read_text(encoding="utf-8")
    shown = readme.partition("```python\n@dataclass")[2].partition("```")[0]
    assert "SoftThreshold" in shown
    assert all(line in source for line in shown.splitlines())


def test_what_fails_in_a_guest_is_a_failed_cell_that_names_the_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "failing_guest.py").write_text(BROKEN)
    (tmp_path / "p.toml").write_text(PROFILE)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--profile", "p.toml", "--jobs", "1"]) == 3
    capsys.readouterr()
    assert main(["status", "--profile", "p.toml"]) == 0
    reasons = capsys.readouterr().out
    assert "no attribute 'no_such_layer' (failing_guest.py, line 9)" in reasons
    assert "it returned a NoneType (failing_guest.py, line 11)" in reasons
    assert "2 failed" in reasons.splitlines()[-1]
    assert main(["footprint", "--model", "resnet8", "--method", "failing_guest:Wrong"]) == 2
    assert "(failing_guest.py, line 9)" in capsys.readouterr().err


def test_a_guest_that_is_not_there_is_known_before_anything_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "failing_guest.py").write_text(BROKEN)
    (tmp_path / "p.toml").write_text(PROFILE.replace("Wrong", "Wrnog"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--profile", "p.toml"]) == 2
    assert "has no class 'Wrnog', did you mean 'Wrong'" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
