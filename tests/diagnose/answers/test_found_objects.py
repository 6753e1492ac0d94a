import numpy as np
import pytest

from bench.data.objects import Detections, ImageObjects
from bench.diagnose.answers.found_objects import Counting, found

A, B = [0, 0, 10, 10], [20, 0, 10, 10]


def objects(boxes, labels, crowds=None):
    flags = np.array(crowds or [False] * len(boxes), bool)
    array = np.array(boxes, np.float64).reshape(-1, 4)
    return ImageObjects(1, (40, 60), np.array(labels), array, array[:, 2] * array[:, 3], flags)


def detected(boxes, labels, scores):
    return Detections(np.array(labels), np.array(scores, np.float32), np.array(boxes, np.float32).reshape(-1, 4))


def test_each_object_is_found_by_the_detection_upon_it():
    truth = objects([A, B], [1, 2])
    assert found(truth, detected([B, A], [2, 1], [0.6, 0.9]), Counting()).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("shift", "finds"),
    [(3, True), (4, False)],  # 7 of 13 columns are shared, 6 of 14
)
def test_half_of_the_union_must_be_shared(shift, finds):
    moved = [A[0] + shift, *A[1:]]
    assert (found(objects([A], [1]), detected([moved], [1], [0.9]), Counting()) >= 0).tolist() == [finds]


def test_another_class_finds_nothing_and_nor_does_an_unsure_detection():
    truth = objects([A], [1])
    assert found(truth, detected([A], [2], [0.9]), Counting()).tolist() == [-1]
    assert found(truth, detected([A], [1], [0.4]), Counting()).tolist() == [-1]
    assert found(truth, detected([A], [1], [0.4]), Counting(surest=True)).tolist() == [0]


def test_of_the_surest_as_many_count_as_there_are_objects():
    truth = objects([A], [1])
    both = detected([B, A], [1, 1], [0.3, 0.2])
    assert found(truth, both, Counting(surest=True)).tolist() == [-1]  # the surest lies elsewhere


def test_one_detection_finds_one_object_and_the_surer_one_chooses():
    twins = objects([A, A], [1, 1])
    assert found(twins, detected([A], [1], [0.9]), Counting()).tolist() == [0, -1]
    one = objects([A], [1])
    assert found(one, detected([[1, 0, 10, 10], A], [1, 1], [0.9, 0.8]), Counting()).tolist() == [0]


def test_crowds_are_no_objects_to_be_found():
    truth = objects([A, B], [1, 1], [True, False])
    assert found(truth, detected([A, B], [1, 1], [0.9, 0.8]), Counting()).tolist() == [-1, 1]


def test_an_image_of_nothing_and_a_network_that_sees_nothing():
    nothing = detected([], [], [])
    assert found(objects([], []), detected([A], [1], [0.9]), Counting()).tolist() == []
    assert found(objects([A], [1]), nothing, Counting()).tolist() == [-1]
