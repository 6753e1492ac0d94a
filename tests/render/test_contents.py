"""Whatever the list and the folders disagree on is named."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from bench.analysis.distances import compared
from bench.errors import InputError
from bench.render.contents import APPENDIX, CONTENTS, EARLY, PAPER, STORY, Heading, check, entries
from bench.render.figures import features
from bench.render.text.sections import SECTIONS


@pytest.fixture
def room(tmp_path: Path) -> Path:
    for entry in ("tables/results", "figures/footprint", "figures/_axes", "tables/__init__"):
        file = tmp_path / f"{entry}.py"
        file.parent.mkdir(exist_ok=True)
        file.touch()
    return tmp_path


def problems(room: Path, entries: tuple[str, ...] = ("tables/results",), texts: tuple[str, ...] = ()) -> list[str]:
    try:
        check(texts, [Heading("results", "Results", entries)], ["figures/footprint"], room)
    except InputError as error:
        return list(error.problems)
    return []


def test_the_page_and_its_folders_agree():
    check(SECTIONS)
    assert all(entry.startswith("figures/") for entry in STORY)
    assert all(heading.entries for heading in CONTENTS)


def test_a_paper_takes_what_the_pages_have():
    listed = set(entries())
    assert {*PAPER, *(entry for heading in APPENDIX for entry in heading.entries)} <= listed
    assert {heading.id for heading in APPENDIX} <= {heading.id for heading in CONTENTS}
    assert len(PAPER) == 3 and all(entry.startswith("figures/") for entry in PAPER)


def test_what_is_drawn_early_is_listed_opens_the_page_and_waits_for_no_inside(study_of):
    assert STORY[0] in EARLY and set(EARLY) <= set(entries())
    study, inside = study_of(), compared.__wrapped__  # type: ignore[attr-defined]
    for entry in EARLY:
        import_module(f"bench.render.{entry.replace('/', '.')}").build(study)
        assert inside not in study._measurements, entry
    features.build(study)
    assert inside in study._measurements


def test_helpers_need_no_line(room: Path):
    assert problems(room) == []


def test_a_new_file_that_is_not_listed_is_told_to_add_its_line(room: Path):
    (room / "figures" / "toy.py").touch()
    assert problems(room) == [
        "bench/render/figures/toy.py is in no section: add 'figures/toy' to one in bench/render/contents.py"
    ]


def test_a_listed_name_without_a_file_is_told_the_nearest(room: Path):
    (problem,) = problems(room, ("tables/results", "tables/result"))
    assert "lists 'tables/result', but there is no bench/render/tables/result.py" in problem
    assert "did you mean 'tables/results'?" in problem


def test_an_item_has_one_place(room: Path):
    (problem,) = problems(room, ("tables/results", "tables/results"))
    assert "lists 'tables/results' twice" in problem


def test_sentences_of_a_section_that_does_not_exist_are_an_error(room: Path):
    (problem,) = problems(room, texts=("results", "result"))
    assert "sentences for the section 'result', which is not in bench/render/contents.py" in problem
    assert "did you mean 'results'?" in problem


def test_all_problems_are_told_at_once(room: Path):
    (room / "tables" / "toy.py").touch()
    assert len(problems(room, ("tables/results", "tables/gone"), ("results", "nowhere"))) == 3
