"""The public way: `load` and `fingerprint`, cold, warm, damaged, and several at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from PIL import Image

import bench.data
from bench.data import split
from bench.data._prepare import Division, prepare
from bench.data.source import RawImages, Source
from bench.data.sources.folder import Folder
from bench.errors import InputError

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def source(tree):
    return f"folder:{tree()}"


@pytest.fixture
def decodings(monkeypatch):
    """One entry a time that a folder's images are decoded."""
    calls = []
    read = Folder.read
    monkeypatch.setattr(Folder, "read", lambda self: calls.append(self.argument) or read(self))
    return calls


def rows(*splits):
    return {split.images[index].tobytes() for split in splits for index in range(len(split.labels))}


def test_a_tiny_tree(source, settings):
    images = bench.data.load(source, **settings)
    assert (images.name, images.title) == ("photos", "photos (folder of images)")
    assert images.classes == ("cat", "dog")
    assert (images.channels, images.size) == (3, 4)
    assert np.bincount(images.train.labels).tolist() == [4, 3]
    assert np.bincount(images.validation.labels).tolist() == [2, 1]
    assert images.test.labels.tolist() == [0, 0, 0, 1, 1]
    assert len(images.probe) == 3
    assert images.mean == pytest.approx((images.train.images / 255).mean((0, 2, 3)))
    assert images.std == pytest.approx((images.train.images / 255).std((0, 2, 3)))
    assert bench.data.fingerprint(source, **settings) == images.fingerprint
    assert len(images.fingerprint) == 16
    np.testing.assert_array_equal(bench.data.kept_test_images(images.content, settings["cache"]), images.test.images)
    assert bench.data.kept_test_images("0" * 16, settings["cache"]) is None


def test_all_images_are_there_and_in_one_part_only(source, settings):
    raw = Folder(source.removeprefix("folder:")).read()
    images = bench.data.load(source, **settings)
    assert len(rows(images.train, images.validation, images.test)) == 15
    assert rows(images.train, images.validation) == {image.tobytes() for image in raw.train_images}
    assert rows(images.test) == {image.tobytes() for image in raw.test_images}
    by_image = {image.tobytes(): label for image, label in zip(raw.train_images, raw.train_labels, strict=True)}
    for part in (images.train, images.validation):
        assert [by_image[image.tobytes()] for image in part.images] == part.labels.tolist()


class Numbered(Source):
    """Images that are their own running number."""

    name = title = "numbered"

    def __init__(self, train, test):
        super().__init__()
        self.labels = [np.repeat(np.arange(len(counts)), counts) for counts in (train, test)]

    def stamp(self):
        return [labels.tolist() for labels in self.labels]

    def read(self):
        train, test = self.labels
        numbers = np.arange(len(train) + len(test), dtype=np.uint8)[:, None, None, None]
        classes = tuple(str(label) for label in range(max(train) + 1))
        return RawImages(numbers[: len(train)], train, numbers[len(train) :], test, classes)


@budget(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(4, 20), st.integers(1, 8)), min_size=2, max_size=4),
    st.floats(0.05, 0.6),
    st.integers(0, 1000),
    st.data(),
)
def test_validation_comes_from_train_and_the_probe_set_from_test(tmp_path_factory, counts, share, seed, data):
    train, test = zip(*counts, strict=True)
    probe = data.draw(st.integers(1, sum(test)))
    images = prepare(Numbered(train, test), Division(share, seed, probe, seed), tmp_path_factory.mktemp("cache"))
    numbers = {part: getattr(images, part).images.ravel().tolist() for part in ("train", "validation", "test")}
    assert sorted(numbers["train"] + numbers["validation"]) == list(range(sum(train)))
    assert numbers["test"] == list(range(sum(train), sum(train) + sum(test)))
    assert np.all((images.probe >= 0) & (images.probe < sum(test)))
    assert set(images.validation.labels) == set(images.train.labels) == set(range(len(counts)))


def test_images_are_mapped_and_a_careless_write_reaches_nobody(source, settings):
    images = bench.data.load(source, **settings)
    before = images.train.images.copy()
    for part in (images.train, images.validation, images.test):
        assert isinstance(part.images, np.memmap)
        part.images[:] = 0
    assert np.array_equal(bench.data.load(source, **settings).train.images, before)


def test_images_are_decoded_once(source, settings, decodings):
    bench.data.fingerprint(source, **settings)
    bench.data.load(source, **settings)
    bench.data.load(source, **{**settings, "split_seed": 1, "probe": 4, "validation": 0.4})
    assert len(decodings) == 1


def test_a_warm_fingerprint_opens_no_array(source, settings, monkeypatch):
    expected = bench.data.load(source, **settings).fingerprint
    monkeypatch.setattr(np, "load", None)
    assert bench.data.fingerprint(source, **settings) == expected


@pytest.mark.parametrize("change", [{"validation": 0.3}, {"probe": 4}, {"probe_seed": 1}, {"split_seed": 1}])
def test_the_fingerprint_covers_every_setting(source, settings, change):
    assert bench.data.fingerprint(source, **settings) != bench.data.fingerprint(source, **{**settings, **change})


def test_the_fingerprint_covers_the_draws_version(source, settings, monkeypatch):
    before = bench.data.fingerprint(source, **settings)
    monkeypatch.setattr(split, "VERSION", split.VERSION + 1)
    assert bench.data.fingerprint(source, **settings) != before


def test_the_seeds_are_of_one_draw_each(source, settings):
    before, split, probe = (
        bench.data.load(source, **{**settings, **change}) for change in ({}, {"split_seed": 5}, {"probe_seed": 5})
    )
    assert np.array_equal(before.probe, split.probe)
    assert not np.array_equal(before.validation.images, split.validation.images)
    assert not np.array_equal(before.probe, probe.probe)
    assert np.array_equal(before.validation.images, probe.validation.images)


def test_a_changed_image_changes_the_fingerprint_and_a_touched_one_does_not(source, settings, decodings):
    before = bench.data.fingerprint(source, **settings)
    file = Path(source.removeprefix("folder:")) / "test/cat/0.png"
    file.touch()
    assert bench.data.fingerprint(source, **settings) == before
    with Image.open(file) as image:
        pixels = np.array(image)
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(file)
    assert bench.data.fingerprint(source, **settings) != before
    assert len(decodings) == 3


def test_the_same_images_elsewhere_have_the_same_fingerprint(tree, settings):
    one, two = (bench.data.load(f"folder:{tree(name=name)}", **settings) for name in ("one", "two"))
    assert one.fingerprint == two.fingerprint
    assert (one.name, two.name) == ("one", "two")


def test_a_cache_elsewhere_changes_nothing(source, settings, tmp_path):
    one = bench.data.load(source, **settings)
    two = bench.data.load(source, **{**settings, "cache": tmp_path / "elsewhere"})
    assert one.fingerprint == two.fingerprint
    assert np.array_equal(one.train.images, two.train.images)
    assert np.array_equal(one.probe, two.probe)


@pytest.mark.parametrize("kind", ["images", "divided"])
@pytest.mark.parametrize("file", ["train_images.npy", "train_labels.npy", "about.json"])
def test_a_damaged_cache_is_noticed_and_redone(source, settings, kind, file, caplog):
    before = rows(bench.data.load(source, **settings).train)
    (damaged,) = settings["cache"].glob(f"{kind}/*/{file}")
    data = bytearray(damaged.read_bytes())
    data[-20] ^= 1
    damaged.write_bytes(data)
    after = bench.data.load(source, **settings)
    assert "again" in caplog.text
    assert rows(after.train) == before
    assert after.train.labels.tolist() == [0, 0, 0, 0, 1, 1, 1]
    caplog.clear()
    bench.data.load(source, **settings)
    assert not caplog.records


@pytest.mark.parametrize("note", ["", "[]", '{"content": 3}', '{"content": "0123456789abcdef"}'])
def test_a_damaged_note_is_redone(source, settings, note):
    expected = bench.data.fingerprint(source, **settings)
    (file,) = settings["cache"].glob("sources/*.json")
    file.write_text(note)
    assert bench.data.fingerprint(source, **settings) == expected
    assert "content" in json.loads(file.read_text())


def test_a_fingerprint_is_known_only_where_the_images_can_be_opened_too(source, settings):
    expected = bench.data.fingerprint(source, **settings)
    (divided,) = settings["cache"].glob("divided/*/about.json")
    divided.unlink()
    assert bench.data.fingerprint(source, **settings) == expected
    assert divided.exists()


FILL = """
import json, sys
from pathlib import Path
import bench.data
settings = json.loads(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
images = bench.data.load(sys.argv[1], **{**settings, "cache": Path(settings["cache"])})
print(images.fingerprint, int(images.train.images.sum()), int(images.test.images.sum()))
"""


def filler(source, settings):
    arguments = [sys.executable, "-c", FILL, source, json.dumps({**settings, "cache": str(settings["cache"])})]
    return subprocess.Popen(
        arguments, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_processes_fill_one_cache(tree, settings):
    counts = {"train": {"cat": 80, "dog": 80}, "test": {"cat": 20, "dog": 20}}
    source = f"folder:{tree(counts, shape=(32, 32, 3))}"
    fillers = [filler(source, settings) for _ in range(2)]
    for process in fillers:
        assert process.stdout.readline() == "ready\n"
    for process in fillers:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in fillers]
    images = bench.data.load(source, **settings)
    expected = f"{images.fingerprint} {images.train.images.sum()} {images.test.images.sum()}\n"
    assert answers == [(expected, "")] * 2
    assert not list(settings["cache"].rglob(".*"))


def test_too_few_test_images_for_the_probe_set(source, settings):
    for call in (bench.data.load, bench.data.fingerprint):
        with pytest.raises(InputError, match="a probe set of 6 images cannot be drawn from 5 test images"):
            call(source, **{**settings, "probe": 6})


def test_too_few_training_images_for_a_validation_split(tree, settings):
    root = tree({"train": {"cat": 5, "dog": 1}, "test": {"cat": 3, "dog": 2}})
    with pytest.raises(InputError, match="class 'dog' has 1, every class needs at least 2"):
        bench.data.fingerprint(f"folder:{root}", **settings)


def test_an_unknown_source(settings):
    with pytest.raises(InputError, match="did you mean 'digits'"):
        bench.data.load("digit", **settings)


def test_nothing_heavy_is_imported_for_a_warm_cache(settings):
    script = """
import json, sys
from pathlib import Path
import bench.data
settings = json.loads(sys.argv[1])
bench.data.fingerprint("digits", **{**settings, "cache": Path(settings["cache"])})
bench.data.load("digits", **{**settings, "cache": Path(settings["cache"])})
for source in ("cifar10", "cifar100", "mnist", "folder:x"):
    bench.data.find(source)
print(sorted({"torch", "torchvision", "sklearn", "PIL", "scipy"} & set(sys.modules)))
"""
    bench.data.load("digits", **settings)
    arguments = [sys.executable, "-c", script, json.dumps({**settings, "cache": str(settings["cache"])})]
    done = subprocess.run(arguments, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
