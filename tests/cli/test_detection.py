"""A profile of detection as a user runs it: the whole way on a few images, and images that are not for its task."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("pycocotools")

from bench.cli import main
from tests.data.annotated import content, write

PROFILE = """
title = "Rectangles"
task = "{task}"
seeds = [0, 1]

[data]
source = "{source}"
validation = 0.25
probe = 4

[similarity]
measures = ["debiased-cka"]

[training]
epochs = 1
batch_size = 4
{size}

[finetuning]
epochs = 1

[[models]]
name = "{model}"

[[methods]]
name = "float16"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "set", content(8), content(6))
    return tmp_path


def profile(folder, **settings):
    given = {"task": "detection", "source": "coco:set", "model": "maskrcnn-resnet18", "size": "resize = 32", **settings}
    (folder / "rectangles.toml").write_text(PROFILE.format(**given))
    return ["--profile", "rectangles.toml", "--runs", "runs"]


@pytest.mark.slow
def test_the_whole_way(folder):
    where = profile(folder)
    assert main(["run", *where, "--jobs", "1"]) == 0
    results = [json.loads(file.read_text()) for file in (folder / "runs" / "rectangles").glob("*/metrics.json")]
    compressed = [metrics for metrics in results if "payload_bytes" in metrics]
    assert len(compressed) >= 4 and all(0 <= metrics["test_box_ap"] <= 1 for metrics in compressed)
    assert main(["report", *where, "--out", "report"]) == 0
    page = (folder / "report" / "index.html").read_text()
    assert "Box AP" in page and "Mask R-CNN (ResNet-18)" in page and "Top-1" not in page


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"source": "digits"}, "the images of digits have no annotated objects to detect: give a source that has"),
        (
            {"task": "classification", "model": "resnet8"},
            'the images of set have annotated objects and no class each: give task = "detection"',
        ),
        ({"size": "resize = 32\nrandom_crop = 16"}, "random_crop = 16: images of annotated objects are seen whole"),
        ({"size": "resize = 32\nlabel_smoothing = 0.1"}, "label_smoothing = 0.1: detection has no smoothed labels"),
        ({"size": "resize = 0"}, "images of annotated objects need resize"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_runs(folder, capsys, settings, sentence):
    assert main(["run", *profile(folder, **settings)]) == 2
    assert sentence in capsys.readouterr().err
    assert not list((folder / "runs").glob("*/*/metrics.json"))
