from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.pruning import class_images


def counts(batches):
    return torch.cat([labels for _, labels in batches]).bincount().tolist()


def test_every_class_has_as_many_images_with_their_own_labels(tiny, workbench):
    batches = class_images.batches(tiny, workbench, 25)
    assert counts(batches) == [25] * 4
    everything = {image.numpy().tobytes(): int(label) for images, labels in workbench.batches(2000) for image, label in
                  zip(images, labels, strict=True)}  # fmt: skip
    for images, labels in batches:
        assert all(everything[image.numpy().tobytes()] == label for image, label in zip(images, labels, strict=True))


def test_batches_are_of_about_one_size(tiny, workbench):
    batches = class_images.batches(tiny, workbench, 50)
    assert [len(labels) for _, labels in batches] == [100, 100]


def test_rare_classes_have_what_there_is(tiny, workbench):
    images = torch.randn(40, 3, 8, 8)
    workbench.batches = lambda count, batch_size=128: iter([(images[:count], torch.tensor([0] * 37 + [1] * 3)[:count])])
    assert counts(class_images.batches(tiny, workbench, 5)) == [5, 3]


def test_other_targets_and_outputs_are_refused(tiny, workbench):
    with pytest.raises(NotApplicable, match="one output for each class"):
        class_images.batches(nn.Conv2d(3, 2, 1), workbench, 5)
    workbench.batches = lambda count, batch_size=128: iter([(torch.randn(4, 3, 8, 8), {"boxes": 1})])
    with pytest.raises(NotApplicable, match="have no labels"):
        class_images.batches(tiny, workbench, 5)
