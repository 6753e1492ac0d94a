"""A profile on photographs of many sizes, from training to the report, with any number of workers."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from bench import api
from tests.cli.conftest import CommandLine
from tests.data.photographs import tree

PROFILE = """
title = "Photographs of many sizes"
seeds = [0, 1]
features = ["pooled"]

[data]
source = "folder:photographs"
validation = 0.25
probe = 8

[training]
epochs = 1
batch_size = 8
resize = 36
center_crop = 32
random_resized_crop = 32
auto_augment = "trivialaugment"

[finetuning]
epochs = 1

[similarity]
measures = ["debiased-cka", "cross-probe"]
inside = ["debiased-cka", "cross-probe"]

[[models]]
name = "resnet8"
normalisation = "imagenet"

[[methods]]
name = "magnitude"

[[methods]]
name = "pca"

[[diagnostics]]
name = "activation-statistics"
"""


def contents(runs: Path) -> dict[str, bytes]:
    """Every file of every cell but what depends on the machine."""
    return {
        str(file.relative_to(runs)): file.read_bytes()
        for file in sorted(runs.glob("*/*"))
        if file.name not in ("provenance.json", "checksums.json")
    }


@pytest.mark.slow
def test_a_profile_on_photographs(tmp_path):
    tree(tmp_path / "photographs", {"train": {"cat": 16, "dog": 16}, "test": {"cat": 8, "dog": 8}})
    cli, runs = CommandLine(tmp_path, PROFILE), []
    for workers in (0, 1):
        cli.profile.write_text(PROFILE.replace("probe = 8", f"probe = 8\nworkers = {workers}"))
        result = cli.run("--jobs", "2", runs=f"runs{workers}")
        assert result.code == 0, result.errors
        runs.append(contents(tmp_path / f"runs{workers}/micro"))
    assert runs[0] == runs[1]
    assert any(name.endswith("predictions.npz") for name in runs[0])
    plan = json.loads((tmp_path / "runs0/micro/plan.json").read_text())
    assert (plan["data"]["size"], plan["data"]["channels"]) == (32, 3)
    packed = next(path for path in (tmp_path / "runs0/micro").glob("*/network.innards"))
    loaded = api.load(packed).preprocessing
    assert (loaded.size, loaded.mean) == (32, (0.485, 0.456, 0.406))
    assert (loaded.resize, loaded.center_crop, loaded.interpolation) == (36, 32, "bilinear")
    assert cli("report", "--profile", "micro.toml", "--runs", "runs0", "--out", "report").code == 0


def test_sizes_that_no_recipe_makes_equal_are_told_before_anything_runs(tmp_path):
    tree(tmp_path / "photographs", {"train": {"cat": 6, "dog": 6}, "test": {"cat": 4, "dog": 4}})
    cli = CommandLine(tmp_path, "\n".join(line for line in PROFILE.splitlines() if "_crop" not in line))
    for options in ([], ["--dry-run"]):
        result = cli.run(*options)
        assert result.code == 2
        assert "become squares of one size by a recipe's resize (shorter side) and center_crop" in result.errors
        assert not list((tmp_path / "runs").glob("micro/*"))


PUBLISHED = """
title = "What the authors of PQF published"
seeds = [0]

[data]
source = "imagenet:imagenet-sample"
probe = 8
validation = 0.02

[training]
epochs = 0
resize = 256
center_crop = 224

[[models]]
name = "torchvision:resnet18"

[[methods]]
name = "import"
files = "{}"
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("BENCH_DATA"), reason="BENCH_DATA names no folder of real images")
def test_a_published_network_has_its_accuracy_on_photographs(tmp_path):
    archives = Path(os.environ["BENCH_DATA"]).resolve()
    with tarfile.open(archives / "imagenet-sample.tar.gz") as tar:
        tar.extractall(tmp_path, filter="data")
    (tmp_path / "imagenet-sample/train").symlink_to("val")
    cli = CommandLine(tmp_path, PUBLISHED.format(archives / "pqf/resnet18.pth"))
    assert cli.run("--jobs", "1", "--only", "compress/*import*").code == 0
    measured = [json.loads(file.read_text()) for file in (tmp_path / "runs/micro").glob("*/metrics.json")]
    (packed,) = [metrics for metrics in measured if "payload_bytes" in metrics]
    assert packed["test_accuracy"] == pytest.approx(0.770, abs=0.005)
