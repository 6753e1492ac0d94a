"""What the parts of a run are added up from; how long they take depends on the machine and is no test."""

from __future__ import annotations

import torch
from torch import nn

from bench.data import load
from bench.speed.parts import CLASSES, IMAGES, SIZE, Operations, Parts, draw, rows


def test_operations_of_both_passes_are_counted_wherever_they_are():
    layer = nn.Linear(3, 5)
    images = torch.ones(2, 3, requires_grad=True)
    with Operations() as operations:
        outputs = layer(images)
        assert operations.total == 2 * 2 * 3 * 5
        torch.autograd.grad(outputs.sum(), images)
    assert operations.total == 2 * (2 * 2 * 3 * 5)


def test_rows_add_up():
    parts = Parts()
    parts.wall |= {"train": 3.0, "compare": 1.0}
    parts.kernel |= {"train": 0.3, "compare": 0.5}
    parts.flop |= {"train": 600.0, "compare": 0.0}
    assert rows(parts, product=400.0) == [
        ("train", "3.0", "75 %", "10 %", "50 %"),
        ("compare", "1.0", "25 %", "50 %", "0 %"),
        ("all", "4.0", "100 %", "20 %", "38 %"),
    ]


def test_the_images_drawn_can_be_read(tmp_path):
    draw(tmp_path / "images")
    images = load(
        f"folder:{tmp_path / 'images'}", validation=0.1, probe=4, probe_seed=0, split_seed=0, cache=tmp_path / "cache"
    )
    assert len(images.classes) == CLASSES
    assert len(images.test.labels) == CLASSES * IMAGES["test"]
    assert images.size == SIZE
