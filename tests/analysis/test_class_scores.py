from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.results import load
from bench.analysis.study import Study

pytest.importorskip("pycocotools")
from bench.analysis.class_scores import class_scores, class_tables
from bench.analysis.pairs import pairs
from bench.roles import ORIGINAL
from bench.task import _kept_objects as kept
from bench.task.detection import Detection
from tests.invented_objects import DetectedRuns, detections, truth

MODEL, BITS = "maskrcnn-resnet18", "k-bit:bits=4"
CAT, DOG = 1, 3


def study_of(folder, **settings) -> Study:
    return Study(load(DetectedRuns(seeds=(0, 1, 2, 3, 4, 5), **settings).write(folder)))


@pytest.fixture(scope="module")
def detectors(tmp_path_factory) -> Study:
    return study_of(tmp_path_factory.mktemp("runs"))


def test_classes_have_pycocotools_ap_and_their_mean_is_the_networks(detectors):
    tables = class_tables(detectors)[MODEL, BITS]
    assert tables.classes == (CAT, DOG) and tables.table.shape == (2, 6, 8)
    levels = tables.table.mean(axis=2)
    assert levels.mean(axis=0) == pytest.approx(detectors.per_seed("test_box_ap", MODEL, BITS), abs=1e-6)
    # of 8 cats one is missed, of 8 dogs 2; all that is found is exactly where it is
    recalls = np.linspace(0, 1, 101)
    assert levels[0] == pytest.approx((recalls <= 7 / 8).mean(), abs=1e-6)
    assert levels[1] == pytest.approx((recalls <= 6 / 8).mean(), abs=1e-6)
    assert class_tables(detectors)[MODEL, ORIGINAL].table.mean() == pytest.approx(1)


def test_the_class_that_loses_most_is_named_with_its_difference(detectors):
    scores = class_scores(detectors)[MODEL, BITS]
    assert (scores.reference, scores.seeds, scores.classes[scores.worst]) == (ORIGINAL, 6, DOG)
    estimate = scores.effects.estimates[scores.worst]
    assert estimate.value == pytest.approx(np.mean(np.linspace(0, 1, 101) <= 6 / 8) - 1, abs=1e-6)
    assert estimate.low < estimate.value < estimate.high  # images vary, though seeds do not
    assert class_scores(detectors)[MODEL, "float16"].worst is None  # nothing changes
    assert class_scores(detectors)[MODEL, "float16"].changed == 0


def test_pairs_are_compared_class_by_class(detectors):
    sides = pairs(detectors)[MODEL]
    assert sides.classes == (CAT, DOG) and sides.all_classes == 2
    place = sides.place(ORIGINAL, BITS)
    expected = class_scores(detectors)[MODEL, BITS].effects.estimates
    for one, estimate in zip(sides.recalls[place], expected, strict=True):
        assert one[0] == pytest.approx(-100 * estimate.value, abs=1e-4)
        assert one[1] < one[0] < one[2]


def test_a_seed_without_its_network_is_left_out_and_few_have_no_number_of_changes(tmp_path):
    states = {f"compress/{MODEL}/{seed}/{BITS}": "failed" for seed in (1, 4, 5)}
    scores = class_scores(study_of(tmp_path, states=states))[MODEL, BITS]
    assert (scores.seeds, scores.changed) == (3, None)


def test_classifiers_are_compared_by_recall(study):
    assert class_scores(study) == {} and class_tables(study) == {}


def test_an_image_that_alone_has_a_class_leaves_its_parts_equal():
    images = truth(4)
    only = [images[0], *(_without(image, DOG) for image in images[1:])]

    found = kept.of_detections(detections(only, (), 0))
    parts = Detection().per_class(found, kept.of_truth(only))
    assert parts[DOG] == pytest.approx([1.0] * 4) and len(set(parts[DOG].tolist())) == 1
    assert parts[CAT].shape == (4,)


def _without(image, label):

    rows = np.flatnonzero(image.labels != label)
    arrays = {name: getattr(image, name)[rows] for name in ("labels", "boxes", "areas", "crowds")}
    return replace(image, **arrays, masks=tuple(image.masks[row] for row in rows))
