"""Sets in COCO's form: what is read, what training leaves out, and one sentence for each mistake."""

import json
import os
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bench.data
from bench.data.catalog import find
from bench.data.objects import Objects
from bench.data.sources import coco
from bench.errors import InputError
from tests.data.annotated import annotation, content, write

mask = pytest.importorskip("pycocotools.mask")


@pytest.fixture
def load(tmp_path):
    def loaded(root, **changed):
        settings = {"validation": 0.25, "probe": 2, "probe_seed": 0, "split_seed": 0, "cache": tmp_path / "cache"}
        return bench.data.load(f"coco:{root}", **{**settings, **changed})

    return loaded


def refused(load, tmp_path, change, part="train"):
    """What is said of a set after a change to one of its files of annotations."""
    parts = {"train": content(), "val": content(3)}
    root = write(tmp_path / "mine", parts["train"], parts["val"])
    change(parts[part])
    (root / "annotations" / f"instances_{part}.json").write_text(json.dumps(parts[part]))
    with pytest.raises(InputError) as error:
        load(root)
    assert all("\n" not in problem and len(problem) < 400 for problem in error.value.problems)
    return str(error.value)


def test_a_set_of_ones_own_is_read_as_it_is_annotated(load, tmp_path):
    images = load(write(tmp_path / "mine", content(8), content(3)))
    assert images.classes == ("__background__", "cat", "dog")
    assert (len(images.train.labels), len(images.validation.labels), len(images.test.labels)) == (6, 2, 3)
    assert images.train.objects.arrays.category_ids.tolist() == [-1, 3, 7]
    by_id = {images.test.objects[n].image_id: n for n in range(3)}
    second = images.test.objects[by_id[2]]
    assert second.size == (30, 40)
    assert second.labels.tolist() == [1, 1]
    assert second.boxes.tolist() == [[2, 3, 10, 8], [12, 12, 6, 10]]
    assert second.areas.tolist() == [80, 60]
    pixels = second.pixels()
    assert pixels[0, 3:11, 2:12].all()
    assert pixels.sum((1, 2)).tolist() == [80, 60]
    assert images.test.images.raw(by_id[2]).shape == (3, 30, 40)
    assert images.test.images.raw(by_id[1]).shape == (3, 36, 24)
    assert (images.mean, images.std) == ((0, 0, 0), (1, 1, 1))  # detectors normalise images themselves


def test_images_and_objects_stay_together_in_every_part(load, tmp_path):
    root = write(tmp_path / "mine", content(8), content(3))
    images = load(root)
    for part, folder in ((images.train, "train"), (images.validation, "train"), (images.test, "val")):
        for position in range(len(part.labels)):
            with Image.open(root / folder / f"{part.objects[position].image_id}.png") as file:
                assert np.array_equal(part.images.raw(position).permute(1, 2, 0).numpy(), np.asarray(file))
    one = images.train.subset([3])
    assert one.objects[0].image_id == images.train.objects[3].image_id


def test_polygons_counts_and_text_are_one_mask(load, tmp_path):
    train = content()
    square = np.zeros((36, 24), np.uint8)
    square[3:11, 2:12] = 1
    text = mask.encode(np.asfortranarray(square))["counts"].decode()
    counts = [2 * 36 + 3, *[8, 28] * 9, 8, 36 * 24 - (2 * 36 + 3) - 10 * 8 - 9 * 28]
    forms = ({"size": [36, 24], "counts": counts}, {"size": [36, 24], "counts": text})
    for number, form in enumerate(forms):
        train["annotations"].append(annotation(90 + number, 1, 3, [2, 3, 10, 8], segmentation=form))
    images = load(write(tmp_path / "mine", train, content(3)))
    (first,) = (one for part in (images.train, images.validation) for one in every(part.objects) if one.image_id == 1)
    assert np.array_equal(first.pixels()[[0, 2, 3]], np.stack([square] * 3))


def every(objects: Objects):
    return [objects[position] for position in range(len(objects))]


def test_crowds_and_areas_are_kept_and_area_is_counted_where_it_is_missing(load, tmp_path):
    test = content(2)
    test["annotations"][0].update(iscrowd=1, area=12.5)
    del test["annotations"][1]["area"]
    del test["annotations"][1]["iscrowd"]
    images = load(write(tmp_path / "mine", content(), test))
    (first,) = (one for one in every(images.test.objects) if one.image_id == 1)
    assert (first.crowds.tolist(), first.areas.tolist()) == ([True, False], [12.5, 60])


def test_boxes_alone_are_a_set_without_masks(load, tmp_path):
    parts = content(), content(3)
    for part in parts:
        for entry in part["annotations"]:
            del entry["segmentation"]
    images = load(write(tmp_path / "mine", *parts))
    assert images.train.objects[0].masks == ()
    assert len(images.train.objects[0]) == 2


def test_training_leaves_out_images_that_teach_nothing_and_tests_keep_them(load, tmp_path):
    parts = content(6), content(6)
    for part in parts:
        part["annotations"] = [entry for entry in part["annotations"] if entry["image_id"] != 2]
        for entry in part["annotations"]:
            if entry["image_id"] == 3:
                entry["bbox"][2] = 1
        part["annotations"].append(annotation(99, 4, 3, [5, 5, 0, 4], segmentation=[[5, 5, 5, 9, 5, 7]]))
    images = load(write(tmp_path / "mine", *parts))
    trained = [one.image_id for part in (images.train, images.validation) for one in every(part.objects)]
    assert sorted(trained) == [1, 4, 5, 6]
    assert sorted(one.image_id for one in every(images.test.objects)) == [1, 2, 3, 4, 5, 6]
    assert images.notices[:2] == (
        "2 training images are left out: they have no annotation, or no box of more than one pixel in width and height",
        "1 training objects are left out: their boxes have no width or no height",
    )


def test_cocos_own_categories_keep_their_ids_as_labels(load, tmp_path):
    listed = tuple((int(n), name) for n, _, name in (line.partition(" ") for line in lines()))
    images = load(write(tmp_path / "mine", content(4, listed), content(3, listed), ("train2017", "val2017")))
    assert len(images.classes) == 91
    assert (images.classes[90], images.classes[12]) == ("toothbrush", "(unused 12)")
    assert images.train.objects.arrays.category_ids[[0, 12, 90]].tolist() == [-1, -1, 90]
    assert "75 of 80 categories have no training object" in images.notices
    some = load(write(tmp_path / "some", content(4, listed[:2]), content(3, listed[:2])))
    assert some.classes == ("__background__", "person", "bicycle")


def lines():
    return coco.PUBLISHED.read_text(encoding="utf-8").splitlines()


def test_published_labels_are_torchvisions():
    from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

    names = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    assert lines() == [f"{n} {name}" for n, name in enumerate(names) if name not in ("N/A", "__background__")]


def test_annotations_are_part_of_the_fingerprint_and_a_warm_cache_answers_alike(load, tmp_path):
    first = load(write(tmp_path / "a", content(), content(3)))
    assert load(tmp_path / "a").fingerprint == first.fingerprint
    assert load(write(tmp_path / "b", content(), content(3))).fingerprint == first.fingerprint
    changed = content(3)
    changed["annotations"][0]["bbox"][0] += 0.5
    assert load(write(tmp_path / "c", content(), changed)).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bbox": [20, 3, 10, 8]}, r"the bbox \[20, 3, 10, 8\], which reaches out of its image of 24×36 pixels"),
        ({"bbox": [2, 3, -1, 8]}, "of negative width or height"),
        ({"bbox": [2, 3, float("nan"), 8]}, "must be four numbers"),
        ({"bbox": [2, 3, 1e400, 8]}, "must be four numbers"),
        ({"bbox": [2, 3, 10**400, 8]}, "must be four numbers"),
        ({"bbox": [2, 3, "4", 8]}, "must be four numbers"),
        ({"bbox": [2, 3, True, 8]}, "must be four numbers"),
        ({"bbox": [2, 3, 4]}, "must be four numbers"),
        ({"bbox": None}, "must be four numbers"),
        ({"category_id": 4}, "annotation 2 is of category 4, which the file doesn't list"),
        ({"category_id": "3"}, 'the category_id "3", which must be a whole number'),
        ({"image_id": 77}, "annotation 2 is of image 77, which the file doesn't list"),
        ({"image_id": [1]}, r"the image_id \[1\], which must be a whole number"),
        ({"id": 3}, "annotation 3 has the id 3 of another one"),
        ({"id": None}, "annotation 1 of its list has the id null"),
        ({"iscrowd": 2}, "has iscrowd 2, which must be 0 or 1"),
        ({"iscrowd": "yes"}, 'has iscrowd "yes", which must be 0 or 1'),
        ({"area": -1}, "the area -1, which is no number"),
        ({"area": "big"}, 'the area "big", which is no number'),
        ({"segmentation": []}, "no segmentation, which others have"),
        ({"segmentation": [[1, 1, 5, 5]]}, "a polygon of 4 numbers"),
        ({"segmentation": [[1, 1, 5, 5, 9, 1, 3]]}, "a polygon of 7 numbers"),
        ({"segmentation": [1, 1, 5, 5, 9, 1]}, "the polygon 1, which must be a list of numbers"),
        ({"segmentation": [[1, 1, 5, float("inf"), 9, 1]]}, "which must be a list of numbers"),
        ({"segmentation": [[1, 1, 5, 5, 1e9, 1]]}, "a polygon that reaches out of its image of 24×36"),
        ({"segmentation": "[[1, 1]]"}, "which must be polygons or run lengths"),
        (
            {"segmentation": {"size": [24, 36], "counts": [864]}},
            r"run lengths of size \[24, 36\], its image has height",
        ),
        ({"segmentation": {"size": [36, 24], "counts": [863]}}, "add up to 863, the image has 864 pixels"),
        ({"segmentation": {"size": [36, 24], "counts": [-1, 865]}}, "one of its counts is -1"),
        ({"segmentation": {"size": [36, 24], "counts": "PPP"}}, "ends within a number"),
        ({"segmentation": {"size": [36, 24]}}, "a list of whole numbers or a text"),
    ],
)
def test_a_wrong_annotation_is_one_sentence(load, tmp_path, wrong, said):
    message = refused(load, tmp_path, lambda part: part["annotations"][0].update(wrong))
    assert message.count("\n") == 0
    assert "instances_train.json: annotation" in message
    assert re.search(said, message), message


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"width": 25}, "1.png is of 24×36 pixels, its annotations are of 25×36"),
        ({"width": 0}, "image 1 has the width 0, which must be a whole number of pixels from 1 to 32,768"),
        ({"height": 10**9}, "has the height 1000000000"),
        ({"height": 36.0}, "has the height 36.0"),
        ({"file_name": "2.png"}, 'image 2 has the file_name "2.png" of another one'),
        ({"file_name": "gone.png"}, "gone.png cannot be read (No such file or directory)"),
        ({"file_name": "../val/1.png"}, "which must lie in the folder of images"),
        ({"file_name": "/etc/passwd"}, "which must lie in the folder of images"),
        ({"file_name": "a\nb.png"}, "must be a text without control characters"),
        ({"file_name": 7}, "has the file_name 7"),
        ({"id": 2}, "image 2 has the id 2 of another one"),
        ({"id": -1}, "has the id -1, which must be a whole number"),
    ],
)
def test_a_wrong_image_is_said(load, tmp_path, wrong, said):
    assert said in refused(load, tmp_path, lambda part: part["images"][0].update(wrong))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda part: part["categories"].append({"id": 9, "name": "cow"}), "differ in categories, e.g. 9 ('cow')"),
        (lambda part: part["categories"][0].update(name=""), 'category 1 of its list has the name ""'),
        (lambda part: part["categories"][0].update(id="3"), 'category 1 of its list has the id "3"'),
        (lambda part: part["categories"][1].update(id=3), "category 2 of its list has the id 3 of another one"),
        (lambda part: part["categories"][1].update(name="cat"), 'has the name "cat" of another one'),
        (lambda part: part["categories"].clear(), "has no categories"),
        (lambda part: part["annotations"].clear(), "has no image with an object to train on"),
        (lambda part: part.pop("annotations"), "has no list 'annotations'"),
        (lambda part: part["images"].append("1.png"), "has no list 'images'"),
        (
            lambda part: part.update(annotations=[one for one in part["annotations"] if one["category_id"] == 3]),
            "has no object of category 7 ('dog'): annotate some, or leave it out",
        ),
    ],
)
def test_a_file_that_cannot_be_trained_on_is_refused(load, tmp_path, change, said):
    assert said in refused(load, tmp_path, change)


def test_tests_without_an_object_are_refused(load, tmp_path):
    def crowds(part):
        for entry in part["annotations"]:
            entry["iscrowd"] = 1

    assert "instances_val.json has no object to be detected" in refused(load, tmp_path, crowds, "val")


def test_many_mistakes_are_listed_but_not_all(load, tmp_path):
    def change(part):
        part["annotations"] = [annotation(n, 1, 3, [0, 0, 99, 99]) for n in range(1, 200)]

    message = refused(load, tmp_path, change)
    assert message.count("reaches out of its image") == 20
    assert message.endswith("there may be more mistakes")


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is no JSON file"), ("[" * 100_000, "nested too deep"), ("[]", "has no list 'images'"), ("\xff", "no JSON")],
)
def test_what_is_no_file_of_annotations_is_said(load, tmp_path, text, said):
    root = write(tmp_path / "mine", content(), content(3))
    (root / "annotations" / "instances_train.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=said):
        load(root)


def test_folders_of_another_layout_are_said(load, tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="annotations is no folder; expected annotations/instances_train"):
        load(tmp_path / "nothing")
    root = write(tmp_path / "mine", content(), content(3))
    (root / "annotations" / "instances_train2014.json").write_text("{}")
    with pytest.raises(InputError, match=r"has instances_train\.json, instances_train2014\.json: leave one"):
        load(root)
    (root / "annotations" / "instances_train.json").unlink()
    with pytest.raises(InputError, match=r"has no folder of images .*train2014"):
        load(root)
    (root / "annotations" / "instances_train2014.json").unlink()
    with pytest.raises(InputError, match=r"has no instances_train\*\.json"):
        load(root)
    with pytest.raises(InputError, match="always streamed"):
        find(f"coco:{root}").read()


def test_real_photographs(load, tmp_path):
    if not os.environ.get("BENCH_DATA"):
        pytest.skip("BENCH_DATA names no folder of real images")
    with tarfile.open(Path(os.environ["BENCH_DATA"]) / "coco-sample.tar.gz") as tar:
        tar.extractall(tmp_path, filter="data")
    images = load(tmp_path / "coco-sample", validation=0.1)
    counts = [len(part.labels) for part in (images.train, images.validation, images.test)]
    assert (counts, len(images.classes)) == ([53, 6, 50], 91)
    trained = [*every(images.train.objects), *every(images.validation.objects)]
    assert (sum(map(len, trained)), sum(map(len, every(images.test.objects)))) == (454, 339)
    assert sum(int(one.crowds.sum()) for one in trained) == 4
    # polygons are annotated with their own areas: masks agree with them but for the pixels of their edges
    masks = np.concatenate([one.pixels().sum((1, 2)) for one in trained[:20]])
    annotated = np.concatenate([one.areas for one in trained[:20]])
    assert np.allclose(masks, annotated, rtol=0.1, atol=30)
