"""Ten images learnt by heart: which are chosen, and that a file of half the bits gives the same network back."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

pytest.importorskip("pycocotools")

import bench.data
from bench.data.validation_transform import ValidationTransform
from bench.example import overfit
from bench.zoo.networks.build import build
from tests.data.annotated import annotation, content, write


@pytest.fixture
def folder(tmp_path):
    train = content(8)
    # of three images every object is large; one of them may be held out
    train["annotations"] = [each for each in train["annotations"] if each["image_id"] not in (3, 5, 6)]
    train["annotations"] += [annotation(900 + n, n, 3, [1, 1, 20, 25]) for n in (3, 5, 6)]
    return write(tmp_path / "set", train, content(4))


@pytest.fixture
def images(folder, tmp_path):
    settings = {"validation": 0.1, "probe": 4, "probe_seed": 0, "split_seed": 0, "cache": tmp_path / "cache"}
    return bench.data.load(f"coco:{folder}", **settings).transformed(ValidationTransform(32))


def test_images_whose_smallest_object_is_largest_are_the_easiest(images):
    split = overfit.easiest(images.train, 2)
    assert {split.objects[position].image_id for position in range(2)} < {3, 5, 6}


def test_float16_gives_the_network_back_rounded(images, monkeypatch):
    monkeypatch.setattr(overfit, "SIZE", 32)
    network = build(overfit.MODEL, 3, len(images.classes), 32, seed=1)
    weights = network.state_dict()
    rounded = overfit.in_float16(network, images).state_dict()
    name = "roi_heads.mask_predictor.mask_fcn_logits.weight"
    assert torch.equal(rounded[name], weights[name].half().float())
    assert not torch.equal(rounded[name], weights[name])


def test_what_is_not_learnt_is_said(images, monkeypatch, capsys):
    monkeypatch.setattr(overfit, "SIZE", 32)
    assert overfit.report(images, replace(overfit.RECIPE, epochs=1, resize=32)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "steps" in lines[0] and "box AP50 0.0" in lines[0] and lines[1].startswith("float16, read back")


def test_no_such_folder_is_a_sentence(tmp_path, capsys):
    assert overfit.main([str(tmp_path / "nowhere")]) == 2
    assert "annotations is no folder" in capsys.readouterr().err
