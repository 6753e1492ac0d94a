import numpy as np
import pytest

from bench.analysis.results import load
from bench.analysis.study import Study

pytest.importorskip("pycocotools")
from bench.analysis.lost_objects import lost_objects
from tests.invented_objects import DetectedRuns


def study_of(folder, **settings) -> Study:
    return Study(load(DetectedRuns(seeds=(0, 1, 2), **settings).write(folder)))


@pytest.fixture(scope="module")
def detectors(tmp_path_factory) -> Study:
    return study_of(tmp_path_factory.mktemp("runs"))


def test_objects_that_all_seeds_miss_are_lost_and_no_others(detectors):
    half, bits = lost_objects(detectors)
    assert (half.variant, half.exemplars.count) == ("float16", 0)
    assert bits.exemplars.indices.tolist() == [0, 1, 3]
    assert bits.objects[bits.exemplars.indices].tolist() == [[0, 0], [0, 1], [1, 1]]
    assert bits.objects.shape == (16, 2)  # two of three objects of eight images are no crowds
    assert (bits.original.sum(), bits.compressed.sum()) == (48, 39)
    assert bits.exemplars.control_count == 1
    assert bits.exemplars.chance.p == 2**-3


def test_images_that_lose_most_come_first_and_their_seed_is_one_that_loses(detectors):
    _, bits = lost_objects(detectors)
    assert bits.images == [(0, [0, 1]), (1, [1])]
    assert bits.seed_of(0) == 0


def test_where_nothing_reaches_the_score_the_surest_count(tmp_path):
    unsure = study_of(tmp_path, unsure=0.6)
    _, bits = lost_objects(unsure)
    assert bits.counting.surest and bits.exemplars.indices.tolist() == [0, 1, 3]


def test_without_a_control_nothing_is_said_of_it(tmp_path):
    states = {f"compress/maskrcnn-resnet18/{seed}/finetune": "missing" for seed in range(3)}
    _, bits = lost_objects(study_of(tmp_path, states=states))
    assert bits.control is None and bits.exemplars.control_count is None and np.isnan(bits.p_control)
    assert bits.exemplars.count == 3


def test_a_seed_without_its_network_is_left_out(tmp_path):
    _, bits = lost_objects(study_of(tmp_path, states={"compress/maskrcnn-resnet18/1/k-bit:bits=4": "failed"}))
    assert bits.seeds == (0, 2)


def test_classifiers_have_no_objects(study):
    assert lost_objects(study) == ()
