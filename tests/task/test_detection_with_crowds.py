"""Crowds are learnt like any other object, and counted as they are without."""

import pytest
import torch

from bench import task
from bench.task.detection import Detection
from bench.task.detection_with_crowds import DetectionWithCrowds

pytest.importorskip("pycocotools")
from tests.task.test_detection import CROWD, A, B, filled, image, output, split_of


@pytest.fixture
def split():
    return split_of([image(4, [A, B, CROWD], [1, 2, 1], [False, False, True]), image(2, [A], [2])])


def test_a_crowd_is_learnt_with_its_mask(split):
    (targets,) = DetectionWithCrowds().targets(split, "cpu")[torch.tensor([0])]
    assert targets["boxes"].tolist() == [[5, 5, 15, 15], [30, 20, 42, 28], [20, 0, 50, 15]]
    assert targets["labels"].tolist() == [1, 2, 1]
    assert torch.equal(targets["masks"], torch.tensor(filled([A, B, CROWD])))
    (without,) = Detection().targets(split, "cpu")[torch.tensor([0])]
    assert len(without["boxes"]) == 2


def test_a_crowd_is_mirrored_and_squared_with_its_image(split):
    placed = DetectionWithCrowds().targets(split, "cpu")
    (mirrored,) = placed.mirrored(torch.tensor([0]), [True])
    assert mirrored["boxes"][2].tolist() == [10, 0, 40, 15]
    (squared,) = placed.squared(torch.tensor([0]), 120)
    assert squared["boxes"][2].tolist() == [40, 0, 100, 45]


def test_detections_count_as_without(split):
    predictions = Detection().collect([[output([A, B, CROWD], [1, 2, 1])], [output([A], [2])]])
    assert DetectionWithCrowds().score(predictions, split) == Detection().score(predictions, split)
    # On an image whose crowd counted as an object, the network that misses it would score less.
    missed = Detection().collect([[output([A, B], [1, 2])], [output([A], [2])]])
    assert DetectionWithCrowds().score(missed, split)["box_ap"] == pytest.approx(1)


def test_an_image_of_crowds_alone_teaches_something_or_nothing():
    split = split_of([image(4, [CROWD], [1], [True]), image(2, [A], [2])])
    assert len(DetectionWithCrowds().targets(split, "cpu")[torch.tensor([0])][0]["boxes"]) == 1
    assert len(Detection().targets(split, "cpu")[torch.tensor([0])][0]["boxes"]) == 0


def test_it_is_a_task_by_name_with_cells_of_its_own():
    assert isinstance(task.task("detection-with-crowds"), DetectionWithCrowds)
    assert task.spec("detection-with-crowds") != task.spec("detection")
