"""Sizes without data: detectors get objects where classifiers get labels."""

import pytest
import torch

from bench.cli import _sizes
from bench.compress.variant import PACKAGE, Method, parse
from bench.compress.without_data import Subject, WithoutData
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes
from bench.registry import names, subclass

SOONER = [name for name in names(PACKAGE) if subclass(PACKAGE, name, Method, "method").sizes_alone]


def test_a_method_that_weighs_losses_works_on_a_detector():
    subject = Subject("maskrcnn-resnet18", parse("taylor:ratio=0.3"), size=32)
    dense = 4 * sum(parameter.numel() for parameter in subject.fresh().parameters())
    assert 0.5 * dense < _sizes.footprint(subject)["payload_bytes"] < 0.8 * dense


def test_targets_are_the_tasks():
    detection = WithoutData("maskrcnn-resnet18", 3, 5, 32)
    ((images, targets),) = detection.batches(2)
    assert [target["masks"].shape for target in targets] == [(1, 32, 32)] * len(images) == [(1, 32, 32)] * 2
    assert all(1 <= int(target["labels"]) < 5 for target in targets)
    assert torch.isfinite(detection.loss(detection.fresh(), images, targets))
    classification = WithoutData("resnet8", 3, 5, 32)
    ((images, targets),) = classification.batches(2)
    assert targets.shape == (2,)
    assert torch.isfinite(classification.loss(classification.fresh(), images, targets))


def test_detectors_are_compressed_on_small_images_and_counted_on_theirs():
    subject = Subject("torchvision:maskrcnn_resnet50_fpn", parse("original"))
    assert subject.shape == (3, 800, 800) and subject.seen == (3, 128, 128)
    assert subject.worked_on().transform.min_size == (128,) and subject.fresh().transform.min_size == (800,)
    assert Subject("resnet8", parse("original"), size=200).seen == (3, 200, 200)


@pytest.mark.parametrize("name", SOONER)
def test_settings_that_are_made_sooner_take_as_many_bytes(name):
    # 8 bits, or few zeros would be left out of a file: by how many, depends on the values
    settings = ",".join(
        setting for setting in ("bits=8", "steps=3") if setting.partition("=")[0] in vars(parse(name).stages[0].method)
    )
    label = f"{name}:{settings}" if settings else name
    subject = Subject("resnet8", parse(label))
    workbench = WithoutData("resnet8", 3, 10, 32)
    whole = parse(label).apply(Compressed(subject.worked_on(), example=workbench.example), workbench)
    assert sizes(subject.packed()).payload_bytes == sizes(pack(finish(whole), subject.description())).payload_bytes
