import errno
import json
import os
import socket
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.folders import Damaged
from bench.runner.cell import Cell
from bench.runner.store import Store, to_json

CELL = Cell("train", "m", 0, spec={"a": 1})


def write(store, cell=CELL, **files):
    store.write(cell, files or {"out": b"bytes"}, {"host": "h"}, "log")


def test_a_cell_comes_back_as_it_was_written(store):
    write(store, out=b"abc")
    files = store.read(CELL.key)
    assert files["out"] == b"abc"
    assert json.loads(files["spec.json"]) == CELL.as_dict()
    assert list(store.keys()) == [CELL.key]


def test_results_hold_no_clock_or_host(store):
    write(store)
    assert "provenance.json" not in store.read(CELL.key)
    assert (store.path(CELL.key) / "provenance.json").is_file()


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "out").write_bytes(b"bytez"),
        lambda folder: (folder / "out").unlink(),
        lambda folder: (folder / "checksums.json").write_text("{"),
        lambda folder: (folder / "checksums.json").unlink(),
        lambda folder: (folder / "checksums.json").write_text("{}"),
    ],
)
def test_damage_is_noticed(store, damage):
    write(store)
    damage(store.path(CELL.key))
    with pytest.raises(Damaged):
        store.read(CELL.key)


@pytest.mark.parametrize("file", ["provenance.json", "checksums.json"])
@pytest.mark.parametrize("value", ["-Infinity", "NaN", "1e400", '"\\ud800"'])
def test_numbers_and_letters_that_are_never_written_are_damage(store, file, value):
    write(store)
    path = store.path(CELL.key) / file
    path.write_text(path.read_text().replace("{", '{\n "": ' + value + ",", 1))
    with pytest.raises(Damaged, match=file):
        store.provenance(CELL.key) if file.startswith("provenance") else store.read(CELL.key)


def test_logs_and_provenance_may_change(store):
    write(store)
    (store.path(CELL.key) / "log.txt").write_text("more")
    store.read(CELL.key)


def test_the_first_of_two_writers_wins_and_nothing_is_left_over(store):
    write(store, out=b"first")
    write(store, out=b"second")
    assert store.read(CELL.key)["out"] == b"first"
    assert [path.name for path in store.folder.iterdir()] == [CELL.key]


def test_a_full_disk_leaves_nothing_and_says_so(store, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="no space is left"):
        write(store)
    assert list(store.folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(InputError, match="cannot be written"):
        write(Store(tmp_path / "runs" / "p"))


def test_sweep_removes_what_dead_writers_left_and_only_that(store):
    host, dead = socket.gethostname(), 2**22 + 1
    store.folder.mkdir(parents=True)
    for name in (f".writing-{host}-{dead}-x", f".writing-{host}-{os.getpid()}-x", f".writing-elsewhere-{dead}-x"):
        (store.folder / name).mkdir()
    (store.folder / f".plan.json-{host}-{dead}-0").write_text("")
    store.sweep()
    left = sorted(path.name for path in store.folder.iterdir())
    assert left == sorted([f".writing-elsewhere-{dead}-x", f".writing-{host}-{os.getpid()}-x"])


def test_json_is_the_same_for_the_same_content_and_refuses_nan():
    assert to_json({"b": 1, "a": 2}) == to_json({"a": 2, "b": 1})
    with pytest.raises(ValueError):
        to_json({"a": float("nan")})


def test_discard_removes_a_cell_and_tolerates_none(store):
    write(store)
    store.discard(CELL.key)
    store.discard(CELL.key)
    assert list(store.folder.iterdir()) == []


def test_an_index_that_stands_already_is_not_written(store, monkeypatch):
    store.write_index("plan.json", {"a": 1})
    monkeypatch.setattr("bench.folders.write_file", lambda *_: pytest.fail("written"))
    store.write_index("plan.json", {"a": 1})
    with pytest.raises(pytest.fail.Exception):
        store.write_index("plan.json", {"a": 2})
