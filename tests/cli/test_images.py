"""Images of all kinds through the command line."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

PROFILE = """
title = "Pictures"
seeds = [0]
features = ["pooled"]

[data]
source = "folder:photos"
probe = 8

[training]
epochs = 1

[[models]]
name = "resnet8"

[[methods]]
name = "float16"

[[diagnostics]]
name = "attributions"
images = 2
methods = ["saliency"]
"""
STRANGE = [os.fsdecode(b"caf\xe9"), "bell\x07 & <b>"]


@pytest.fixture
def pictures(bench):
    """A folder of pictures beside the profile, and the profile."""
    (bench.folder / "micro.toml").write_text(PROFILE)
    rng = np.random.default_rng(0)
    for part, count in (("train", 20), ("test", 8)):
        for label, name in enumerate(STRANGE):
            folder = bench.folder / "photos" / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                noise = rng.integers(0, 128, (8, 8, 3), dtype=np.uint8) + np.uint8(100 * label)
                Image.fromarray(noise).save(folder / f"{number}.PNG")
            (folder / ".DS_Store").write_bytes(b"Bud1")
            (folder / "Thumbs.db").write_bytes(b"no picture")
    return bench.folder / "photos"


@pytest.mark.slow
def test_strange_names_reach_the_report(bench, pictures):
    train = pictures / "train" / STRANGE[0]
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (10, 200)]
    frames[0].save(train / "moving.gif", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[274] = 6
    frames[1].save(train / "turned.jpg", exif=exif)
    ran = bench.run()
    assert ran.code == 0, ran.errors
    assert "several frames or pages, the first is taken" in ran.errors + ran.output
    assert "turned upright" in ran.errors + ran.output
    rendered = bench("report", "--profile", "micro.toml", "--runs", "runs")
    assert rendered.code == 0, rendered.errors
    pages = list(bench.folder.rglob("*.html"))
    assert any(r"caf\xe9" in page.read_text("utf-8") for page in pages)
    notice = r"1 image file train/caf\xe9/moving.gif: of several frames or pages, the first is taken"
    assert any(notice in page.read_text("utf-8") for page in pages)
    (bench.folder / "runs" / "micro" / "plan.json").unlink()  # a run that finds its images in the cache says so too
    assert bench.run().code == 0
    assert notice in json.loads((bench.folder / "runs" / "micro" / "plan.json").read_text())["data"]["notices"]


def deep(file):
    Image.fromarray(np.full((8, 8), 1000, np.uint16)).save(file.with_suffix(".png"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (deep, "more than 8 bits a channel"),
        (lambda file: os.mkfifo(file.with_suffix(".jpg")), "a pipe, socket or device"),
        (lambda file: file.with_suffix(".png").symlink_to(file.with_suffix(".png").name), "cannot be read"),
        (lambda file: file.with_suffix(".png").write_bytes(b""), "it is empty"),
        (lambda file: file.with_suffix(".png").write_bytes(b"\x89PNG\r\n\x1a\n"), "cannot be read as an image"),
        (lambda file: file.with_suffix(".heic").write_bytes(b"ftypheic"), ".heic files are not read"),
        (lambda file: (file.parents[1] / "empty").mkdir(), "class 'empty' is empty"),
        (lambda file: (file.parents[1] / "loop").symlink_to("loop"), "loop cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(spoil, sentence, bench, inside, pictures):
    spoil(pictures / "train" / STRANGE[1] / "spoilt")
    assert inside("run", "--profile", "micro.toml", "--device", "cpu").refuses(sentence)
    assert not (bench.folder / "runs").exists() or not list((bench.folder / "runs").rglob("spec.json"))


@pytest.mark.slow
def test_files_of_activations_and_checkpoints_may_be_pipes(bench):
    os.mkfifo(bench.folder / "pipe.npz")
    os.mkfifo(bench.folder / "pipe.pth")
    assert bench("similarity", "pipe.npz", "pipe.npz").refuses("a pipe, socket or device")
    sized = bench("footprint", "--model", "resnet8", "--method", "float16", "--checkpoint", "pipe.pth")
    assert sized.refuses("it is no file")
