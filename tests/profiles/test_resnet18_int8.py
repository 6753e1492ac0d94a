"""The shipped profile of the sources' own experiment."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bench import cli, profile

CLASSES = 10


@pytest.fixture
def images(tmp_path, monkeypatch):
    """A small stand-in for the JPEG copy of CIFAR-10, in the current folder."""
    pixels = np.random.default_rng(0)
    for split, count in (("train", 20), ("test", 60)):
        for label in range(CLASSES):
            folder = tmp_path / "data" / "cifar10-jpeg" / split / str(label)
            folder.mkdir(parents=True)
            for number in range(count):
                image = Image.fromarray(pixels.integers(0, 256, (32, 32, 3), dtype=np.uint8))
                image.save(folder / f"{number}.jpg")
    monkeypatch.chdir(tmp_path)


def test_it_is_the_sources_experiment():
    asked = profile.load("resnet18-int8")
    assert asked.file.exploratory and asked.file.seeds == [0]
    assert (asked.finetuning["resnet18"].epochs, asked.finetuning["resnet18"].learning_rate) == (15, 0.005)
    assert {"attributions", "activation-maximization"} <= set(asked.diagnostics)


@pytest.mark.slow
def test_a_dry_run_lists_its_cells(images, capsys):
    assert cli.main(["run", "--profile", "resnet18-int8", "--dry-run"]) == 0
    out = capsys.readouterr().out
    for cell in ("train/resnet18/0", "compress/resnet18/0/nncf-int8-qat", "compare/resnet18/0/nncf-int8-qat"):
        assert cell in out
