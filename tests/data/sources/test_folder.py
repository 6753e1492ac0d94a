from __future__ import annotations

import os
import re

import numpy as np
import pytest
from PIL import Image

from bench.data.sources.folder import Folder
from bench.errors import InputError


def pixels(file):
    with Image.open(file) as image:
        return np.asarray(image).transpose(2, 0, 1)


def refused(root, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        Folder(str(root)).stamp()


def test_a_tree_is_read_in_the_order_of_its_names(tree):
    root = tree()
    raw = Folder(str(root)).read()
    assert raw.classes == ("cat", "dog")
    assert raw.train_labels.tolist() == [0] * 6 + [1] * 4
    assert raw.test_labels.tolist() == [0] * 3 + [1] * 2
    assert raw.train_labels.dtype == np.int64
    assert np.array_equal(raw.train_images[7], pixels(root / "train/dog/1.png"))
    assert np.array_equal(raw.test_images[4], pixels(root / "test/dog/1.png"))


def test_val_will_do_for_test(tree):
    raw = Folder(str(tree({"train": {"a": 2, "b": 2}, "val": {"a": 1, "b": 1}}))).read()
    assert raw.test_labels.tolist() == [0, 1]


def test_test_comes_before_val(tree):
    raw = Folder(str(tree({"train": {"a": 2, "b": 2}, "val": {"a": 1, "b": 1}, "test": {"a": 2, "b": 2}}))).read()
    assert raw.test_labels.tolist() == [0, 0, 1, 1]


def test_its_name_is_the_folders(tree, monkeypatch):
    root = tree()
    monkeypatch.chdir(root)
    assert Folder(".").name == Folder(str(root)).name == "photos"
    assert Folder(".").title == "photos (folder of images)"


def test_strays_are_passed_over(tree):
    root = tree()
    for stray in ("README", "train/.DS_Store", "train/cat/.DS_Store", "train/cat/notes.txt", "train/cat/._0.png"):
        (root / stray).write_text("no image")
    (root / "train/.cache").mkdir()
    (root / "train/cat/more.png").mkdir()
    assert Folder(str(root)).read().train_labels.tolist() == [0] * 6 + [1] * 4


def test_the_case_of_an_extension_does_not_matter(tree):
    root = tree()
    (root / "train/cat/0.png").rename(root / "train/cat/0.PNG")
    assert len(Folder(str(root)).read().train_labels) == 10


def test_names_with_odd_characters(tree):
    odd = 'it\'s; a "cat" — ü'
    raw = Folder(str(tree({"train": {odd: 2, "dog": 2}, "test": {odd: 1, "dog": 1}}, name="a b"))).read()
    assert raw.classes == ("dog", odd)[:: 1 if odd > "dog" else -1]


def test_the_stamp_notices_every_change(tree):
    root = tree()
    stamps = [Folder(str(root)).stamp()]

    def stamp():
        stamps.append(Folder(str(root)).stamp())

    stamp()
    assert stamps[0] == stamps[1]
    file = root / "train/cat/0.png"
    file.write_bytes(file.read_bytes() + b"more")
    stamp()
    state = file.stat()
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    stamp()
    file.rename(root / "train/cat/9.png")
    stamp()
    (root / "train/cat/9.png").unlink()
    stamp()
    assert len({str(stamp) for stamp in stamps}) == 5


def test_trees_with_the_same_names_have_stamps_of_their_own(tree):
    assert Folder(str(tree(name="one"))).stamp() != Folder(str(tree(name="two"))).stamp()


def test_a_missing_folder(tmp_path):
    nowhere = tmp_path / "nowhere"
    refused(nowhere, f"nowhere': there is no folder {nowhere}; put images there, as train/<class>/* and test/<class>/*")


def test_a_folder_without_train(tree):
    root = tree({"training": {"a": 1}, "test": {"a": 1}})
    refused(root, f"{root} has no train/ with a folder of images per class; it holds test, training")


def test_a_folder_without_test(tree):
    root = tree({"train": {"a": 1, "b": 1}})
    refused(root, f"{root} has no test/ or val/ with a folder of images per class; it holds train")


def test_an_empty_folder(tmp_path):
    refused(tmp_path, "it holds nothing")


@pytest.mark.parametrize("part", ["train", "test"])
def test_an_empty_class(tree, part):
    root = tree()
    (root / part / "emu").mkdir()
    (root / part / "emu" / "README").write_text("soon")
    refused(root, f"class 'emu' is empty: {root / part / 'emu'} holds no image (.bmp, ")


def test_a_single_class(tree):
    root = tree({"train": {"a": 2}, "test": {"a": 2}})
    refused(root, f"{root / 'train'} needs at least 2 class folders, it has 1")


def test_classes_that_train_lacks_are_all_named_with_the_nearest(tree):
    root = tree({"train": {"cat": 2, "dog": 2}, "test": {"cats": 1, "cat": 1, "doge": 1, "dog": 1}})
    with pytest.raises(InputError) as error:
        Folder(str(root)).stamp()
    assert error.value.problems == (
        f"{root / 'test/cats'} is of a class that train/ lacks: did you mean 'cat'?",
        f"{root / 'test/doge'} is of a class that train/ lacks: did you mean 'dog'?",
    )


def test_a_class_without_test_images(tree):
    root = tree({"train": {"cat": 2, "dog": 2}, "test": {"cat": 1}})
    refused(root, f"class 'dog' of train/ has no folder in {root / 'test'}")


def test_a_broken_link(tree):
    root = tree()
    (root / "train/cat/link.png").symlink_to(root / "gone.png")
    refused(root, f"{root / 'train/cat/link.png'} cannot be read (No such file or directory)")


@pytest.mark.parametrize("name", ["~nouser/images", "a" * 300, "a\0b"])
def test_names_that_no_folder_has(name):
    with pytest.raises(InputError, match="is no folder"):
        Folder(name)
