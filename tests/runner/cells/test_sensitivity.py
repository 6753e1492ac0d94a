"""Sensitivity is measured on validation images, of the network that was trained, and sealed like other results."""

import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from bench.compress.normalization.running_statistics import take_again
from bench.diagnose.sensitivity.levels import KINDS
from bench.folders import Damaged
from bench.runner.cells import _networks, sensitivity
from bench.runner.job import Job
from bench.runner.sound import check_contents
from bench.training.evaluate import logits
from tests.runner.cells.test_compare import image_set

IMAGES = image_set()
SETTINGS = {
    "kinds": list(KINDS), "sparsities": [0.5, 0.9], "bits": [4, 2], "images": 8, "training_images": 40, "rise": 0.1,
}  # fmt: skip
SPEC = {"model": "resnet8", "model_version": 1, "seed": 0, "threads": 1, "settings": SETTINGS}


@pytest.fixture(scope="module")
def network():
    network = _networks.fresh(SPEC, IMAGES, 3).eval()
    take_again(network, [torch.from_numpy(np.array(IMAGES.train.images)).float() / 64 - 2])
    return network


def files_of(network, images=IMAGES, **settings):
    parents = {"trained": {"network.safetensors": safetensors.torch.save(network.state_dict())}}
    spec = {**SPEC, "settings": {**SETTINGS, **settings}}
    job = Job("sensitivity", "sensitivity/resnet8/0/original", spec, parents, {}, {}, ".", "cpu")
    return sensitivity.run(job, images, lambda *_: None)


@pytest.fixture(scope="module")
def files(network):
    return files_of(network)


def rows(files, **fields):
    return [row for row in json.loads(files["curves.json"]) if all(row[key] == fields[key] for key in fields)]


def test_level_0_scores_what_the_trained_network_does_on_evenly_chosen_validation_images(network, files):
    chosen = np.linspace(0, 11, 8).astype(int)
    pixels, labels = IMAGES.validation.images[chosen], IMAGES.validation.labels[chosen]
    answers = logits(network, pixels, IMAGES.mean, IMAGES.std, "cpu")
    for row in rows(files, level=0.0, retaken=False) + rows(files, level=32.0, retaken=False):
        assert row["accuracy"] == np.mean(answers.argmax(1) == labels)
        shifted = answers.astype(float) - answers.max(1, keepdims=True)
        nll = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(8), labels]
        assert row["loss"] == pytest.approx(nll.mean(), rel=1e-5)
        assert (row["agreement"], row["rise"], row["saved"]) == (1.0, 0.0, 0)
    assert json.loads(files["metrics.json"])["images"] == 8


def test_test_images_have_no_part_in_it(network, files):
    other = replace(IMAGES.test, images=255 - IMAGES.test.images, labels=(IMAGES.test.labels + 1) % 3)
    assert files_of(network, replace(IMAGES, test=other)) == files
    shifted = replace(IMAGES.validation, images=255 - IMAGES.validation.images)
    assert files_of(network, replace(IMAGES, validation=shifted)) != files  # and the same would show


def test_the_same_cell_gives_the_same_bytes(network, files):
    assert files_of(network) == files


def test_every_kind_has_its_levels_with_and_without_statistics_taken_again(files):
    for kind, levels in (("elements", [0, 0.5, 0.9]), ("channels", [0, 0.5, 0.9]), ("bits", [32, 4, 2])):
        found = rows(files, kind=kind, depth=1)
        assert [row["level"] for row in found if row["retaken"]] == levels
        assert [row["level"] for row in found if not row["retaken"]] == levels
    assert json.loads(files["notes.json"])[0].startswith("stream-bits: no layers are added")  # its shortcuts are padded


def test_rows_that_lack_a_column_are_damaged(files):
    parsed = {name: json.loads(content) for name, content in files.items()}
    check_contents("sensitivity", parsed, files)
    for name in ("curves.json", "joint.json"):
        lacking = [{key: value for key, value in row.items() if key != "saved"} for row in parsed[name]]
        with pytest.raises(Damaged, match=f"{name}: a row lacks saved"):
            check_contents("sensitivity", {**parsed, name: lacking}, files)
