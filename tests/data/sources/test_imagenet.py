"""ImageNet's folder in every form in which people have it; its thousand classes whatever it holds."""

from __future__ import annotations

import logging
import re

import numpy as np
import pytest
from scipy.io import savemat

import bench.data
from bench.data.sources.imagenet import ImageNet, labels
from bench.errors import InputError
from tests.data.photographs import photograph, tree

FIRST, SECOND, LAST = "n01440764", "n01443537", "n15075141"  # labels 0, 1 and 999
COUNTS = {"train": {LAST: 6, FIRST: 4, SECOND: 1}, "val": {FIRST: 1, LAST: 2, SECOND: 1}}


@pytest.fixture
def root(tmp_path):
    return tree(tmp_path / "inet", COUNTS)


@pytest.fixture
def flat(root):
    """The validation images in one folder."""
    for number, file in enumerate(sorted((root / "val").rglob("*.jpg")), 1):
        file.rename(root / f"val/ILSVRC2012_val_{number:08d}.JPEG")
    for folder in (root / "val").iterdir():
        if folder.is_dir():
            folder.rmdir()
    return root


def of_test(root):
    return [label for label, _ in ImageNet(str(root)).files().test()]


def refused(root, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        ImageNet(str(root)).stamp()


def test_there_are_a_thousand_classes_in_the_order_of_the_logits(root, settings):
    files = ImageNet(str(root)).files()
    assert len(files.classes) == 1000
    assert (files.classes[0], files.classes[1], files.classes[999]) == (FIRST, SECOND, LAST)
    assert files.classes == tuple(sorted(files.classes))
    assert [label for label, _ in files.train()] == [0] * 4 + [1] + [999] * 6
    assert of_test(root) == [0, 1, 999, 999]
    images = bench.data.load(f"imagenet:{root}", **settings)
    assert len(images.classes) == 1000
    assert (images.mean, images.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert (images.name, images.title) == ("imagenet", "ImageNet")


def test_the_order_is_timms(root):
    info = pytest.importorskip("timm.data").ImageNetInfo("imagenet-1k")
    assert tuple(info.label_names()) == ImageNet(str(root)).files().classes


def test_classes_of_one_image_are_split_together_which_is_said_once(tmp_path, settings, caplog):
    classes = list(labels())[:20]
    root = tree(tmp_path / "few", {"train": {**dict.fromkeys(classes, 1), LAST: 8}, "val": dict.fromkeys(classes, 1)})
    with caplog.at_level(logging.WARNING):
        images = bench.data.load(f"imagenet:{root}", **settings)
        bench.data.load(f"imagenet:{root}", **settings)
    assert images.notices[-1].startswith("999 of 1,000 classes have fewer than 2 training images")
    assert caplog.text.count("999 of 1,000 classes have fewer than 2 training images") == 1
    assert np.bincount(images.validation.labels, minlength=1000)[999] == 2  # a quarter of 8
    assert (images.validation.labels < 20).sum() == 5  # a quarter of 20
    assert sorted([*images.train.labels, *images.validation.labels]) == [*range(20), *[999] * 8]


@pytest.mark.parametrize("folder", ["", "ILSVRC2012_devkit_t12/data"])
def test_the_official_list(flat, folder):
    data = flat / folder
    data.mkdir(parents=True, exist_ok=True)
    # ids are in no order of WordNet ids, and go beyond the thousand classes
    synsets = np.array(
        [(1, LAST), (2, FIRST), (3, SECOND), (1001, "n00001740")], dtype=[("ILSVRC2012_ID", "O"), ("WNID", "O")]
    )
    savemat(data / "meta.mat", {"synsets": synsets})
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text("1\n3\n2\n1\n")
    files = list(ImageNet(str(flat)).files().test())
    assert files == [
        (0, "val/ILSVRC2012_val_00000003.JPEG"),
        (1, "val/ILSVRC2012_val_00000002.JPEG"),
        (999, "val/ILSVRC2012_val_00000001.JPEG"),
        (999, "val/ILSVRC2012_val_00000004.JPEG"),
    ]


def test_the_official_list_without_what_its_numbers_mean(flat):
    (flat / "ILSVRC2012_validation_ground_truth.txt").write_text("1\n3\n2\n1\n")
    refused(flat, "numbers classes as meta.mat beside it does, which is missing")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("val.txt", "ILSVRC2012_val_{0}.JPEG 0\nILSVRC2012_val_{1}.JPEG 1\n{2}"),
        ("val.txt", f"ILSVRC2012_val_{{0}}.JPEG {FIRST}\nILSVRC2012_val_{{1}}.JPEG {SECOND}\n{{2}}"),
        (
            "LOC_val_solution.csv",
            f"ImageId,PredictionString\nILSVRC2012_val_{{0}},{FIRST} 1 2 3 4 \nILSVRC2012_val_{{1}},{SECOND} 1 2 3 4\n"
            f"ILSVRC2012_val_00000003,{LAST} 9 9 9 9\nILSVRC2012_val_00000004,{LAST} 9 9 9 9\n",
        ),
    ],
)
def test_lists_of_file_and_class(flat, name, text):
    rest = f"ILSVRC2012_val_00000003.JPEG {LAST}\nILSVRC2012_val_00000004.JPEG 999\n"
    (flat / name).write_text(text.format("00000001", "00000002", rest))
    assert of_test(flat) == [0, 1, 999, 999]


@pytest.mark.parametrize("separator", [" ", "  ", "\t", " \t "])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", "\n\n"])
def test_lists_as_different_tools_write_them(flat, separator, end):
    names = [f"ILSVRC2012_val_{number:08d}.JPEG" for number in range(1, 5)]
    lines = [f"{name}{separator}{label}{end}" for name, label in zip(names, [0, FIRST, 1, 999], strict=True)]
    (flat / "val.txt").write_bytes(b"\xef\xbb\xbf" + "".join([*lines, '"a quote n01440764', end]).encode())
    assert of_test(flat) == [0, 0, 1, 999]


def test_a_list_of_names_with_spaces(flat):
    for number in range(1, 5):
        (flat / f"val/ILSVRC2012_val_{number:08d}.JPEG").rename(flat / f"val/a photograph {number}.JPEG")
    rest = "a photograph 3.JPEG 1\nval/a photograph 4.JPEG 999\n"
    (flat / "val.txt").write_text(f'"a photograph 1.JPEG" {LAST}\na photograph 2.JPEG 0\n{rest}')
    assert of_test(flat) == [0, 1, 999, 999]


def test_a_list_that_is_no_text(flat):
    (flat / "val.txt").write_bytes(b"ILSVRC2012_val_00000001.JPEG 0\n\xff\xfe\n")
    refused(flat, "val.txt is no text in UTF-8: 'utf-8' codec can't decode byte 0xff in position 31")


def test_a_list_that_names_two_classes_of_an_image(flat):
    (flat / "val.txt").write_text(f"ILSVRC2012_val_00000001.JPEG {SECOND}\nILSVRC2012_val_00000001.JPEG 1\n")
    refused(flat, "ILSVRC2012_val_00000002.JPEG is in no list of classes")
    (flat / "val.txt").write_text(f"ILSVRC2012_val_00000001.JPEG {FIRST}\nILSVRC2012_val_00000001.JPEG 999\n")
    refused(flat, "ILSVRC2012_val_00000001.JPEG is of two classes, with labels 0 and 999")


def test_an_official_list_with_lines_that_are_no_numbers(flat):
    synsets = np.array([(1, LAST), (2, FIRST)], dtype=[("ILSVRC2012_ID", "O"), ("WNID", "O")])
    savemat(flat / "meta.mat", {"synsets": synsets})
    (flat / "ILSVRC2012_validation_ground_truth.txt").write_text("1\n2\nx\n1\n")
    refused(flat, "ILSVRC2012_val_00000003.JPEG is in no list of classes")


def test_a_list_that_lacks_an_image(flat):
    (flat / "val.txt").write_text("ILSVRC2012_val_00000001.JPEG 0\n")
    refused(flat, "ILSVRC2012_val_00000002.JPEG is in no list of classes")


@pytest.mark.parametrize("label", ["1000", "-1", "tench", "", "²", "٣"])
def test_a_list_of_other_classes(flat, label):
    (flat / "val.txt").write_text(f"ILSVRC2012_val_00000001.JPEG {label} \n")
    refused(flat, "expected a WordNet id or a label from 0 to 999")


def test_no_list(flat):
    refused(flat, "val has neither folders of classes nor a list of them: expected train/<wnid>/*")


def test_folders_of_other_names(root):
    (root / "train/n01440765").mkdir()
    (root / "train/tench").mkdir()
    with pytest.raises(InputError) as error:
        ImageNet(str(root)).stamp()
    assert error.value.problems[0].endswith("which are WordNet ids: did you mean 'n01440764'?")
    assert error.value.problems[1].endswith("train/tench is none of ImageNet's 1,000 classes, which are WordNet ids")


def test_missing_parts(tmp_path):
    refused(tmp_path / "nowhere", f"no folder {tmp_path / 'nowhere'}, expected train/<wnid>/* and val/<wnid>/*")
    tree(tmp_path / "inet", {"val": {FIRST: 1}})
    refused(tmp_path / "inet", "has no train/")
    (tmp_path / "inet/train").symlink_to("val")
    ImageNet(str(tmp_path / "inet")).stamp()


def test_it_is_always_streamed(root, settings):
    with pytest.raises(InputError, match="'imagenet' is always streamed: leave out streamed = false"):
        bench.data.load(f"imagenet:{root}", **settings, streamed=False)


def test_the_stamp_notices_another_list(flat):
    stamps = []
    for label in (0, 1):
        (flat / "val.txt").write_text("".join(f"ILSVRC2012_val_{n:08d}.JPEG {label}\n" for n in range(1, 5)))
        stamps.append(str(ImageNet(str(flat)).stamp()))
    assert stamps[0] != stamps[1]


def test_the_content_is_not_that_of_a_folder_of_the_same_files(tmp_path, settings):
    root = tree(tmp_path / "inet", {part: {FIRST: 3, LAST: 3} for part in ("train", "val")})
    photograph(77).save(root / "val" / FIRST / "9.jpg")
    sources = ("imagenet", "folder")
    assert len({bench.data.fingerprint(f"{source}:{root}", **settings) for source in sources}) == 2
