"""Objects of images: what is put in comes out, and what training leaves out."""

import numpy as np
import pytest

from bench.data.objects import ImageObjects, ObjectArrays, Objects, teaches


def objects(image_id, boxes, crowds=None, masks=(), size=(30, 40)):
    boxes = np.array(boxes, np.float64).reshape(-1, 4)
    count = len(boxes)
    flags = np.array(crowds if crowds is not None else [False] * count, np.bool_)
    return ImageObjects(image_id, size, np.arange(1, count + 1), boxes, boxes[:, 2] * boxes[:, 3], flags, tuple(masks))


def same(first, second):
    arrays = ("labels", "boxes", "areas", "crowds")
    return (first.image_id, first.size, first.masks) == (second.image_id, second.size, second.masks) and all(
        np.array_equal(getattr(first, name), getattr(second, name)) for name in arrays
    )


THREE = [
    objects(5, [[1, 2, 3, 4], [5, 6, 7, 8]], masks=(b"52203", b"0")),
    objects(9, []),
    objects(2, [[0, 0, 1, 1]], [True], masks=(b"abc",), size=(8, 9)),
]


def test_objects_come_out_as_they_were_put_in_also_of_some_images_and_from_a_file():
    arrays = ObjectArrays.of(THREE, [-1, 3, 7])
    whole = Objects(ObjectArrays.read(arrays.stored()))
    assert len(whole) == 3
    assert all(same(whole[n], THREE[n]) for n in range(3))
    part = whole.subset([2, 0]).subset(np.array([1]))
    assert len(part) == 1
    assert same(part[0], THREE[0])
    assert not same(part[0], THREE[2])
    assert ObjectArrays.read({"labels": np.zeros(3)}) is None


def test_every_change_changes_the_hash():
    before = ObjectArrays.of(THREE, [-1, 3]).hash()
    changed = [THREE[0], THREE[1], objects(2, [[0, 0, 1, 1]], [False], masks=(b"abc",), size=(8, 9))]
    hashes = {before, ObjectArrays.of(changed, [-1, 3]).hash(), ObjectArrays.of(THREE, [-1, 4]).hash()}
    assert len(hashes) == 3
    assert ObjectArrays.of(THREE, [-1, 3]).hash() == before


def test_training_clips_boxes_and_leaves_out_flat_ones_and_crowds():
    image = objects(1, [[-0.5, 1, 3, 4], [5, 5, 0, 4], [39, 29, 1.5, 1.5], [0, 0, 40, 30]], [False, False, False, True])
    learnt = image.for_training()
    assert learnt.boxes.tolist() == [[0, 1, 2.5, 4], [39, 29, 1, 1]]
    assert learnt.labels.tolist() == [1, 3]
    assert image.for_training(crowds=True).labels.tolist() == [1, 3, 4]
    assert image.boxes[0, 0] == -0.5  # what is measured against stays


def test_an_image_teaches_if_one_box_is_wider_and_higher_than_a_pixel():
    assert not teaches(np.zeros((0, 4)))
    assert not teaches(np.array([[0, 0, 1, 50], [0, 0, 50, 1.0]]))
    assert teaches(np.array([[0, 0, 1, 50], [0, 0, 1.01, 1.01]]))


def test_pixels_need_masks():
    with pytest.raises(ValueError, match="boxes and no masks"):
        objects(1, [[0, 0, 1, 1]]).pixels()
