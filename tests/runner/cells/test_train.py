"""What training begins with, and how its images are normalised."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from bench.data import ImageSet, Split
from bench.runner import work
from bench.runner.cells import train
from bench.runner.job import Job
from bench.training.recipe import Recipe


def image_set(channels: int) -> ImageSet:
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (12, channels, 32, 32), dtype=np.uint8), np.arange(12) % 3)
    moments = (0.25,) * channels, (0.5,) * channels
    return ImageSet("s", "S", ("a", "b", "c"), split, split, split, np.arange(4), *moments, "f", "c")


def test_training_begins_with_the_files_weights_and_a_classifier_of_its_own(tmp_path):
    timm = pytest.importorskip("timm")
    begun = timm.create_model("resnet10t").state_dict()
    spec = {"model": "timm:resnet10t", "seed": 0, "weights": "0" * 64, "recipe": asdict(Recipe(epochs=0))}
    outside = {"w.safetensors": safetensors.torch.save(begun)}
    job = Job("train", "t", spec, {}, outside, {}, tmp_path, "cpu")
    files = train.run(job, image_set(3), lambda *_: None)
    trained = safetensors.torch.load(files["network.safetensors"])
    assert torch.equal(trained["layer4.0.conv1.weight"], begun["layer4.0.conv1.weight"])
    assert trained["fc.weight"].shape == (3, 512)


def kept_epochs(folder, epochs=3, *, scratch=True, die_after=None, keep=True):
    recipe = Recipe(epochs=epochs, batch_size=4, crop_padding=0, keep_epochs=keep)
    spec = {"model": "resnet8", "seed": 0, "recipe": asdict(recipe)}
    job = Job("train", "t", spec, {}, {}, {}, folder, "cpu", scratch=folder / "scratch" if scratch else None)

    def tell(epoch, *_):
        if epoch == die_after:
            raise KeyboardInterrupt

    return train.run(job, image_set(3), tell)


def test_every_epoch_is_kept_if_asked_also_of_a_training_that_was_interrupted(tmp_path):
    whole = kept_epochs(tmp_path / "a")
    names = [f"epoch-000{number}.safetensors" for number in (1, 2, 3)]
    assert [name for name in whole if name.startswith("epoch")] == names
    assert len({whole[name] for name in names}) == 3
    assert whole[names[-1]] == whole["network.safetensors"]
    assert kept_epochs(tmp_path / "b", epochs=3, scratch=False) == whole
    with pytest.raises(KeyboardInterrupt):
        kept_epochs(tmp_path / "c", die_after=2)
    assert kept_epochs(tmp_path / "c") == whole
    assert not any(name.startswith("epoch") for name in kept_epochs(tmp_path / "d", keep=False))


@pytest.mark.parametrize(("channels", "mean"), [(3, (0.1, 0.2, 0.3)), (1, (0.2,))])
def test_a_cell_normalises_as_its_network_expects(monkeypatch, channels, mean):
    seen = []
    monkeypatch.setattr(work, "image_set", lambda *_: image_set(channels))
    monkeypatch.setattr(train, "run", lambda job, images, epoch: seen.append(images) or {})
    spec = {"threads": 1, "normalisation": [[0.1, 0.2, 0.3], [0.5, 0.5, 0.5]]}
    for settings in (spec, {"threads": 1}):
        work.work(Job("train", "t", settings, {}, {}, {}, Path(), "cpu"), lambda *_: None)
    assert seen[0].mean == pytest.approx(mean)
    assert seen[0].std == (0.5,) * channels
    assert seen[1].mean == (0.25,) * channels
