"""Margins and the like are kept with the first cell, and a later change is told whoever makes it."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.errors import InputError
from bench.runner import terms
from bench.runner.cell import Cell
from bench.runner.store import Store
from bench.runner.terms import Terms

MARGINS = {"accuracy": 0.5, "inside": 0.1, "attribution": 0.25}
FIRST = Terms(alpha=0.05, margins=MARGINS, inside=("debiased-cka", "knn-jaccard"), primary="classification: accuracy")
LATER = FIRST.model_copy(update={"margins": MARGINS | {"accuracy": 1.0}})


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "digits")


def add(store: Store, count: int, start: int = 0) -> None:
    for seed in range(start, start + count):
        store.write(Cell("train", "resnet8", seed, spec={"seed": seed}), {"out": b"x"}, {}, "")


def files(store: Store) -> list[str]:
    return sorted(path.name for path in store.folder.glob("*margins*"))


def test_nothing_is_kept_before_the_first_cell(store):
    assert terms.keep(store, FIRST, 54) == terms.History()
    assert not store.folder.exists()


def test_terms_that_stay_are_kept_once_and_need_no_word(store):
    terms.keep(store, FIRST, 54, first=True)
    add(store, 3)
    before = (store.folder / "margins-1.json").read_bytes()
    kept = terms.keep(store, FIRST, 54)
    assert kept.sentences() == ()
    assert (kept.first.terms, kept.first.cells) == (FIRST, 0)
    assert files(store) == ["margins-1.json"]
    assert (store.folder / "margins-1.json").read_bytes() == before


def test_a_later_change_is_told_with_what_was_done_by_then(store):
    terms.keep(store, FIRST, 54, first=True)
    add(store, 12)
    (told,) = terms.keep(store, LATER, 54).sentences()
    assert re.fullmatch(
        r"The margins were changed after 12 of 54 cells were done \(\d{4}-\d\d-\d\d\): accuracy 0\.5 → 1\.", told
    )
    assert terms.read(store.folder).sentences() == (told,)


def test_a_change_back_is_a_change_too(store):
    terms.keep(store, FIRST, 54, first=True)
    add(store, 1)
    terms.keep(store, LATER, 54)
    told = terms.keep(store, FIRST, 54).sentences()
    assert ["0.5 → 1" in told[0], "1 → 0.5" in told[1]] == [True, True]


def test_every_term_counts():
    other = Terms(alpha=0.01, margins={"accuracy": 0.5, "mine": 2}, inside=("rsa",), primary="mine: loss")
    assert FIRST.changes(other) == (
        "attribution 0.25 → none",
        "inside 0.1 → none",
        "alpha 0.05 → 0.01",
        "measures of the inside debiased-cka + knn-jaccard → rsa",
        "primary outcome classification: accuracy → mine: loss",
        "mine none → 2",
    )
    assert FIRST.changes(FIRST) == ()


def test_cells_of_older_versions_make_the_first_record_late(store):
    add(store, 12)
    assert terms.read(store.folder) == terms.History()
    (told,) = terms.keep(store, FIRST, 54).sentences()
    assert told.startswith("The margins were first kept after 12 of 54 cells were done (")
    assert told.endswith("whether they were others before is not recorded.")


def test_a_plan_that_was_cut_has_no_share(store):
    terms.keep(store, FIRST, 54, first=True)
    add(store, 12)
    assert "after 12 cells were done" in terms.keep(store, LATER, 5).sentences()[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"date": 1}', b"null"])
def test_a_damaged_record_is_a_sentence_and_the_next_goes_behind_it(store, content):
    terms.keep(store, FIRST, 54, first=True)
    add(store, 2)
    (store.folder / "margins-1.json").write_bytes(content)
    assert terms.read(store.folder).sentences() == ("margins-1.json, which kept the margins, cannot be read.",)
    assert len(terms.keep(store, FIRST, 54).sentences()) == 2
    assert files(store) == ["margins-1.json", "margins-2.json"]


def test_a_record_that_was_edited_by_hand_is_told(store):
    terms.keep(store, FIRST, 54, first=True)
    file = store.folder / "margins-1.json"
    content = json.loads(file.read_text())
    content["terms"]["margins"]["accuracy"] = 1.0
    file.write_text(json.dumps(content))
    told = "margins-1.json, which kept the margins, was changed since it was written."
    assert terms.read(store.folder).sentences() == (told,)


def test_a_record_that_is_gone_is_told(store):
    terms.keep(store, FIRST, 54, first=True)
    add(store, 2)
    terms.keep(store, LATER, 54)
    (store.folder / "margins-1.json").unlink()
    assert terms.read(store.folder).sentences()[-1] == "margins-1.json, which kept the margins, is missing."


def test_of_several_runs_at_once_one_keeps_the_terms(store):
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: terms.keep(store, FIRST, 54, first=True), range(32)))
    assert all(history == terms.read(store.folder) for history in kept)
    assert files(store) == ["margins-1.json"]


def test_runs_with_other_terms_at_once_lose_none(store):
    add(store, 1)
    others = [FIRST.model_copy(update={"alpha": alpha / 100}) for alpha in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda settled: terms.keep(store, settled, 54), others))
    history = terms.read(store.folder)
    assert not history.problems
    assert sorted(record.terms.alpha for record in history.records) == [settled.alpha for settled in others]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_folder_that_cannot_be_written_is_a_sentence(store):
    add(store, 1)
    store.folder.chmod(0o500)
    try:
        with pytest.raises(InputError, match="cannot be written"):
            terms.keep(store, FIRST, 54)
    finally:
        store.folder.chmod(0o700)


def test_a_disk_that_cannot_be_written_is_a_sentence(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(terms.folders, "write_once", full)
    with pytest.raises(InputError, match="no space is left"):
        terms.keep(store, FIRST, 54, first=True)


def test_a_disk_without_hard_links_keeps_terms_too(store, monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(terms.folders.os, "link", refuse)
    terms.keep(store, FIRST, 54, first=True)
    terms.keep(store, FIRST, 54, first=True)
    assert files(store) == ["margins-1.json"]
