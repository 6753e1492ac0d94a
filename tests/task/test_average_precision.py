"""AP worked out by hand, and its parts held against pycocotools' own figures."""

import contextlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from bench.data import run_lengths
from bench.data.objects import ImageObjects
from bench.task._average_precision import FIGURES, AveragePrecision, Detections
from bench.task._kept_objects import detections as read_detections
from bench.task._kept_objects import of_detections, of_truth
from bench.task._kept_objects import truth as read_truth

coco = pytest.importorskip("pycocotools.coco")
cocoeval = pytest.importorskip("pycocotools.cocoeval")
SIZE = (60, 80)  # height, width
KINDS = ("box", "mask")


def filled(boxes, size=SIZE):
    """Run lengths of rectangles with whole corners."""
    pixels = np.zeros((len(boxes), *size), np.uint8)
    for mask, (x, y, width, height) in zip(pixels, np.asarray(boxes, int)):
        mask[y : y + height, x : x + width] = 1
    return tuple(run_lengths.of_pixels(pixels))


def objects(image_id, boxes, labels=None, crowds=None):
    boxes = np.array(boxes, np.float64).reshape(-1, 4)
    labels = np.array(labels if labels is not None else [1] * len(boxes), np.int64)
    crowds = np.array(crowds if crowds is not None else [False] * len(boxes), np.bool_)
    return ImageObjects(image_id, SIZE, labels, boxes, boxes[:, 2] * boxes[:, 3], crowds, filled(boxes))


def found(boxes, scores=None, labels=None):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    labels = np.array(labels if labels is not None else [1] * len(boxes), np.int64)
    scores = np.array(scores if scores is not None else [0.9] * len(boxes), np.float32)
    return Detections(labels, scores, boxes, filled(boxes))


A, B = [5, 5, 10, 10], [40, 20, 10, 10]


@pytest.mark.parametrize("kind", KINDS)
def test_perfect_detections_have_ap_1(kind):
    truth = [objects(1, [A, B], [1, 2]), objects(2, [A], [2])]
    precision = AveragePrecision(truth, [found([A, B], labels=[1, 2]), found([A], labels=[2])], kind)
    figures = precision.figures
    assert [figures[name] for name in ("ap", "ap50", "ap75", "ap_small")] == pytest.approx([1, 1, 1, 1])
    assert np.isnan([figures["ap_medium"], figures["ap_large"]]).all()  # all objects are of 100 square pixels
    assert precision.per_class == pytest.approx({1: 1, 2: 1})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shift", "ap", "ap75"), [(1, 0.7, 1), (2, 0.4, 0), (3, 0.1, 0), (4, 0, 0)])
def test_a_shifted_box_matches_as_far_as_it_overlaps(kind, shift, ap, ap75):
    # 10×10 shifted by s overlaps by (10 - s)/(10 + s): 0.818, 0.667, 0.538, 0.429; thresholds are 0.50, 0.55, ..., 0.95
    figures = AveragePrecision([objects(1, [A])], [found([[A[0] + shift, *A[1:]]])], kind).figures
    assert figures["ap"] == pytest.approx(ap)
    assert figures["ap75"] == pytest.approx(ap75)
    assert figures["ap50"] == pytest.approx(float(shift < 4))


@pytest.mark.parametrize("kind", KINDS)
def test_half_of_the_objects_are_precision_1_up_to_recall_one_half(kind):
    # 51 of the 101 recalls 0, 0.01, ..., 1 are at most 0.5
    figures = AveragePrecision([objects(1, [A, B])], [found([A])], kind).figures
    assert figures["ap"] == pytest.approx(51 / 101)


def test_a_wrong_detection_ahead_of_the_right_one_halves_precision_and_one_behind_costs_nothing():
    truth = [objects(1, [A])]
    assert AveragePrecision(truth, [found([B, A], [0.9, 0.8])], "box").figures["ap"] == pytest.approx(0.5)
    assert AveragePrecision(truth, [found([B, A], [0.8, 0.9])], "box").figures["ap"] == pytest.approx(1)


def test_ties_are_broken_by_the_ids_of_images_and_in_an_image_by_order():
    for ids, ap in (((7, 3), 1.0), ((3, 7), 0.5)):  # the first image has the wrong detection
        truth = [objects(ids[0], []), objects(ids[1], [A])]
        precision = AveragePrecision(truth, [found([B]), found([A])], "box")
        assert precision.figures["ap"] == pytest.approx(ap)
        assert precision.per_class == pytest.approx({1: ap})
    truth = [objects(1, [A])]
    assert AveragePrecision(truth, [found([B, A])], "box").figures["ap"] == pytest.approx(0.5)
    assert AveragePrecision(truth, [found([A, B])], "box").figures["ap"] == pytest.approx(1)


def test_a_second_detection_of_an_object_is_wrong():
    truth = [objects(1, [A, B])]
    # ranks: right, wrong (A again), right: precision 1 up to recall 1/2, then 2/3
    expected = (51 * 1 + 50 * 2 / 3) / 101
    assert AveragePrecision(truth, [found([A, A, B], [0.9, 0.8, 0.7])], "box").figures["ap"] == pytest.approx(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_no_detections_are_ap_0(kind):
    precision = AveragePrecision([objects(1, [A, B], [1, 2]), objects(2, [])], [found([]), found([])], kind)
    assert precision.figures["ap"] == 0
    assert precision.figures["ap50"] == 0
    assert precision.per_class == {1: 0, 2: 0}


def test_no_objects_are_no_ap():
    precision = AveragePrecision([objects(1, [])], [found([A])], "box")
    assert np.isnan(precision.figures["ap"])
    assert precision.per_image is None


@pytest.mark.parametrize("kind", KINDS)
def test_detections_on_a_crowd_are_ignored_but_not_those_on_an_object_that_is_missed(kind):
    crowd = [30, 10, 40, 40]
    inside = [35, 15, 10, 10]  # lies within the crowd, which it covers by a sixteenth
    detections = [found([inside, A], [0.9, 0.8])]
    assert AveragePrecision([objects(1, [A, crowd], crowds=[False, True])], detections, kind).figures[
        "ap"
    ] == pytest.approx(1)
    both = AveragePrecision([objects(1, [A, crowd])], detections, kind).figures["ap"]
    assert both == pytest.approx(51 / 101 / 2)  # recall 1/2 at most, with one wrong detection ahead


def test_at_most_100_detections_of_an_image_count():
    wrong = [[60, 40, 5, 5]] * 100
    scores = [0.9] * 100 + [0.1]
    assert AveragePrecision([objects(1, [A])], [found([*wrong, A], scores)], "box").figures["ap"] == 0
    assert AveragePrecision([objects(1, [A])], [found([*wrong[1:], A], scores[1:])], "box").figures["ap"] > 0


def test_objects_count_by_their_annotated_area():
    large = [objects(1, [A, [0, 0, 60, 40]])]
    figures = AveragePrecision(large, [found([A])], "box").figures
    assert figures["ap_small"] == pytest.approx(1)
    assert figures["ap_medium"] == 0  # 2,400 square pixels, between 32² and 96²


def test_the_area_of_a_wrong_detection_is_that_of_its_mask_for_masks_and_of_its_box_for_boxes():
    medium, frame = [0, 0, 40, 40], [38, 18, 40, 40]
    pixels = np.zeros((1, *SIZE), np.uint8)
    pixels[0, 18:58, 38:48] = 1  # 400 square pixels, small, in a box of 1,600
    detected = found([frame, medium], [0.9, 0.8])
    detected = replace(detected, masks=(*run_lengths.of_pixels(pixels), detected.masks[1]))
    truth = [objects(1, [medium])]
    assert AveragePrecision(truth, [detected], "mask").figures["ap_medium"] == pytest.approx(1)
    assert AveragePrecision(truth, [detected], "box").figures["ap_medium"] == pytest.approx(0.5)


def invented(seed, images=7, labels=(1, 2, 5)):
    """Objects, and detections of which some are near them, some doubled, some tied, some anywhere."""
    random = np.random.default_rng(seed)
    truth, detections = [], []
    for image_id in random.permutation(np.arange(10, 10 + images)):
        count = random.integers(0, 5)
        boxes = np.concatenate([random.integers(0, 30, (count, 2)), random.integers(5, 30, (count, 2))], axis=1)
        named = random.choice(labels, count)
        truth.append(objects(int(image_id), boxes, named, random.random(count) < 0.15))
        near = boxes + np.concatenate([random.integers(-3, 4, (count, 2)), np.zeros((count, 2), int)], axis=1)
        anywhere = np.concatenate([random.integers(0, 30, (4, 2)), random.integers(5, 30, (4, 2))], axis=1)
        every = np.maximum(np.concatenate([near, near[:1], anywhere]), 0)
        classes = np.concatenate([named, named[:1], random.choice(labels, 4)])
        detections.append(found(every, random.integers(1, 6, len(every)) / 5, classes))
    return truth, detections


def official(truth, detections, kind):
    """pycocotools' twelve figures by its own way: a file of annotations and `loadRes` of a file of results."""
    entries, results = [], []
    for image, own in zip(truth, detections):
        for n in range(len(image)):
            entry = {"image_id": image.image_id, "category_id": int(image.labels[n]), "bbox": image.boxes[n].tolist()}
            mask = {"size": list(image.size), "counts": image.masks[n].decode()}
            others = {"area": image.areas[n], "iscrowd": int(image.crowds[n]), "segmentation": mask}
            entries.append({"id": len(entries) + 1, **entry, **others})
        for n in range(len(own)):
            mask = {"size": list(image.size), "counts": own.masks[n].decode()}
            where = {"bbox": own.boxes[n].tolist()} if kind == "box" else {"segmentation": mask}
            ranked = {"category_id": int(own.labels[n]), "score": float(own.scores[n])}
            results.append({"image_id": image.image_id, **ranked, **where})
    with contextlib.redirect_stdout(io.StringIO()):
        annotated = coco.COCO()
        annotated.dataset = {
            "images": [{"id": image.image_id, "height": image.size[0], "width": image.size[1]} for image in truth],
            "categories": [{"id": label} for label in range(1, 8)],
            "annotations": entries,
        }
        annotated.createIndex()
        evaluated = cocoeval.COCOeval(
            annotated, annotated.loadRes(json.loads(json.dumps(results))), {"box": "bbox", "mask": "segm"}[kind]
        )
        evaluated.evaluate()
        evaluated.accumulate()
        evaluated.summarize()
    return evaluated.stats


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_figures_are_pycocotools_own_and_parts_sum_back_to_them(kind, seed):
    truth, detections = invented(seed)
    precision = AveragePrecision(truth, detections, kind)
    theirs = official(truth, detections, kind)[: len(FIGURES)]
    assert list(precision.figures.values()) == pytest.approx(np.where(theirs < 0, np.nan, theirs), abs=0, nan_ok=True)
    assert 0 < precision.figures["ap"] < 1
    assert np.mean(list(precision.per_class.values())) == pytest.approx(theirs[0], abs=1e-12)
    assert precision.per_image.shape == (len(truth),)
    assert precision.per_image.mean() == pytest.approx(theirs[0], abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_an_images_part_is_its_jackknife_pseudo_value_but_for_a_shift(kind):
    truth, detections = invented(9)
    n = len(truth)
    parts = AveragePrecision(truth, detections, kind).per_image
    without = np.array(
        [official(truth[:i] + truth[i + 1 :], detections[:i] + detections[i + 1 :], kind)[0] for i in range(n)]
    )
    whole = official(truth, detections, kind)[0]
    pseudo = n * whole - (n - 1) * without
    assert parts - parts.mean() == pytest.approx(pseudo - pseudo.mean(), abs=1e-12)
    assert np.ptp(parts) > 0.01


def test_an_image_that_alone_has_objects_leaves_no_parts():
    assert AveragePrecision([objects(1, [A]), objects(2, [])], [found([A]), found([])], "box").per_image is None


def test_a_class_that_one_image_alone_has_leaves_the_mean_with_it():
    truth = [objects(1, [A, B], [1, 2]), objects(2, [A], [1]), objects(3, [A], [1])]
    detections = [found([A], labels=[1]), found([A], labels=[1]), found([], labels=[])]
    parts = AveragePrecision(truth, detections, "box").per_image
    # class 1: two of three found, precision 1 at 67 of 101 recalls; class 2: none. Without image 1 class 2 is gone.
    whole = 67 / 101 / 2
    without = np.array([51 / 101, 51 / 101 / 2, 1 / 2])
    assert parts == pytest.approx(whole + 2 * (without.mean() - without))


def test_objects_and_detections_are_read_back_from_arrays():
    truth, detections = invented(3)
    arrays = {**of_detections(detections), **of_truth(truth)}
    assert all(len(array) == len(truth) for array in arrays.values())
    assert not any(array.dtype == object for array in arrays.values())
    before = AveragePrecision(truth, detections, "mask")
    after = AveragePrecision(read_truth(arrays), read_detections(arrays), "mask")
    assert after.figures == pytest.approx(before.figures, abs=0, nan_ok=True)
    assert after.per_image.tolist() == before.per_image.tolist()
    assert [image.masks for image in read_truth(arrays)] == [image.masks for image in truth]


def test_detections_of_nothing_are_kept_too():
    arrays = {**of_detections([found([]), found([])]), **of_truth([objects(1, [A]), objects(2, [])])}
    assert AveragePrecision(read_truth(arrays), read_detections(arrays), "mask").figures["ap"] == 0
