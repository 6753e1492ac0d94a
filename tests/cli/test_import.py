"""Networks that were compressed elsewhere run, are refused and are reported beside all others."""

import json

import torch

from bench.zoo.networks import build
from tests.cli.conftest import CommandLine
from tests.compress.imports.conftest import rounded

PROFILE = """
seeds = [0]
exploratory = true
features = ["pooled"]
[data]
source = "digits"
probe = 16
[training]
epochs = 1
[finetuning]
epochs = 1
[similarity]
measures = ["debiased-cka"]
inside = ["debiased-cka"]
[[models]]
name = "resnet8"
[[methods]]
name = "import"
files = ["{model}-{seed}.pt", "pickle.pt", "shape.pt"]
[[methods]]
chain = [{name = "import", files = "{model}-{seed}.pt"}, "huffman"]
"""


def test_imports_run_are_refused_and_are_reported(tmp_path):
    network = rounded(build.build("resnet8", 1, 10, 8, 3))
    torch.save(network.state_dict(), tmp_path / "resnet8-0.pt")
    torch.save(network, tmp_path / "pickle.pt")
    torch.save(build.build("resnet8", 3, 10, 8, 3).state_dict(), tmp_path / "shape.pt")
    bench = CommandLine(tmp_path, PROFILE)
    result = bench.run("--jobs", "1")
    assert result.code == 0, result.errors
    rows = bench("status", "--profile", "micro.toml", "--json").output.splitlines()
    states = {row["cell"]: row["state"] for row in map(json.loads, rows) if row["cell"].startswith("compress")}
    assert states["compress/resnet8/0/import:files={model}-{seed}.pt"] == "done"
    assert states["compress/resnet8/0/import:files={model}-{seed}.pt+huffman"] == "done"
    assert states["compress/resnet8/0/import:files=pickle.pt"] == "refused"
    assert states["compress/resnet8/0/import:files=shape.pt"] == "refused"
    reasons = [json.loads(file.read_text())["reason"] for file in tmp_path.glob("runs/micro/*/error.json")]
    assert any("holds an object of" in reason for reason in reasons)
    assert any("conv1.weight is 16×3×3×3 instead of 16×1×3×3" in reason for reason in reasons)
    report = bench("report", "--profile", "micro.toml")
    assert report.code == 0, report.errors


def test_a_missing_file_is_told_before_anything_runs(tmp_path):
    bench = CommandLine(tmp_path, PROFILE)
    assert bench.run("--dry-run").refuses("there is no file", "resnet8-0.pt")
