from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from bench.data import _cache
from bench.data._cache import Contents
from bench.errors import InputError
from bench.folders import Damaged, checksum_of_file


@pytest.fixture
def contents():
    return Contents({"pixels": np.arange(100, dtype=np.uint8), "labels": np.arange(5)}, {"classes": ["a", "ü"]})


@pytest.fixture
def place(tmp_path, contents):
    _cache.write(tmp_path / "cache" / "key", contents)
    return tmp_path / "cache" / "key"


def never():
    raise AssertionError("the cache is warm")


def test_what_was_written_is_read(place, contents):
    found = _cache.read(place)
    assert found.about == contents.about
    assert {name: array.tolist() for name, array in found.arrays.items()} == {
        "pixels": list(range(100)),
        "labels": [0, 1, 2, 3, 4],
    }
    assert found.arrays["labels"].dtype == np.int64


def test_arrays_are_mapped_and_what_is_written_to_them_stays_here(place):
    pixels = _cache.read(place).arrays["pixels"]
    assert isinstance(pixels, np.memmap)
    pixels[0] = 77
    assert _cache.read(place).arrays["pixels"][0] == 0


def test_nothing_else_is_left_beside(place):
    assert [path.name for path in place.parent.iterdir()] == ["key"]


def test_a_warm_cache_makes_nothing(place, contents):
    assert _cache.fetch(place, never).about == contents.about


def test_a_cold_cache_is_filled_silently(tmp_path, contents, caplog):
    assert _cache.fetch(tmp_path / "key", lambda: contents).about == contents.about
    assert _cache.exists(tmp_path / "key")
    assert not caplog.records


def flip(file, position=-1):
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)


DAMAGES = {
    "a flipped bit": lambda place: flip(place / "pixels.npy"),
    "a flipped bit in the header": lambda place: flip(place / "labels.npy", 3),
    "a truncated array": lambda place: os.truncate(place / "pixels.npy", 150),
    "an empty array": lambda place: (place / "pixels.npy").write_bytes(b""),
    "a missing array": lambda place: (place / "pixels.npy").unlink(),
    "a missing description": lambda place: (place / "about.json").unlink(),
    "a truncated description": lambda place: os.truncate(place / "about.json", 40),
    "a foreign description": lambda place: (place / "about.json").write_text("[1]"),
    "another class name": lambda place: (place / "about.json").write_text(
        (place / "about.json").read_text().replace('"a"', '"b"')
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_noticed_told_and_repaired(place, contents, damage, caplog):
    damage(place)
    with pytest.raises(Damaged, match="missing or damaged"):
        _cache.read(place)
    found = _cache.fetch(place, lambda: contents)
    assert found.about == contents.about
    assert found.arrays["pixels"].tolist() == list(range(100))
    assert "it is made again" in caplog.text
    assert [path.name for path in place.parent.iterdir()] == ["key"]


def test_who_maps_a_damaged_folder_keeps_what_it_has(place, contents):
    before = _cache.read(place).arrays["labels"]
    flip(place / "pixels.npy")
    _cache.fetch(place, lambda: contents)
    assert before.tolist() == [0, 1, 2, 3, 4]


def test_a_sound_folder_is_left_where_another_was_first(place, contents):
    inode = place.stat().st_ino
    _cache.write(place, contents)
    assert place.stat().st_ino == inode
    assert [path.name for path in place.parent.iterdir()] == ["key"]


def test_arrays_of_objects_are_never_unpickled(place):
    hostile = np.array([{}], dtype=object)
    np.save(place / "pixels.npy", hostile, allow_pickle=True)  # made here, to be refused when it is read
    about = json.loads((place / "about.json").read_text())
    about["checksums"]["pixels"] = checksum_of_file(place / "pixels.npy")
    about["checksum"] = _cache._checksum_of(about["about"], about["checksums"])
    (place / "about.json").write_text(json.dumps(about))
    with pytest.raises(Damaged, match="Python objects"):
        _cache.read(place)


def test_a_full_disk_leaves_nothing_half_written(tmp_path, contents, monkeypatch):
    def full(file, array, **_):
        file.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(InputError, match="no space is left on the disk of the image cache "):
        _cache.write(tmp_path / "key", contents)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(tmp_path, contents):
    (tmp_path / "cache").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        _cache.write(tmp_path / "cache" / "key", contents)
    with pytest.raises(InputError, match="cannot be written"):
        _cache.write_note(tmp_path / "cache" / "note.json", {})


def test_what_a_killed_writer_left_is_removed(place, contents):
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (place.parent / f".writing-{socket.gethostname()}-{int(dead.stdout)}-0").mkdir()
    _cache.write(place.with_name("other"), contents)
    assert {path.name for path in place.parent.iterdir()} == {"key", "other"}


def test_notes(tmp_path):
    note = tmp_path / "notes" / "a.json"
    assert _cache.read_note(note) is None
    _cache.write_note(note, {"content": "abc"})
    _cache.write_note(note, {"content": "abd"})
    assert _cache.read_note(note) == {"content": "abd"}
    assert [path.name for path in note.parent.iterdir()] == ["a.json"]
    note.write_text('{"content')
    assert _cache.read_note(note) is None
