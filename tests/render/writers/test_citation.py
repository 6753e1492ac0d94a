from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.study import Study
from bench.render.document import Document, compose
from bench.render.references import parse
from bench.render.writers.citation import citation, credit, origin


@pytest.fixture(scope="module")
def document(study: Study) -> Document:
    return compose([study])


def _by(document: Document, *authors: str, title: str = "A study") -> Document:
    return replace(document, title=title, theme=document.theme.model_copy(update={"authors": authors}))


def test_the_report_by_its_authors_and_the_program(document: Document):
    report, program = parse(citation(_by(document, "Ada Lovelace", "Alan Turing")))
    assert (report.key, report.title, report.author) == ("innards-report", "A study", "Ada Lovelace and Alan Turing")
    assert report.year == program.year == document.date[:4]
    assert program.title.startswith("Innards: what compression costs") and document.version in program.bibtex


def test_without_authors_the_report_has_its_entry_too(document: Document):
    report, program = parse(citation(_by(document)))
    assert (report.key, report.title, program.key) == ("innards-report", "A study", "innards")
    assert "author" not in report.bibtex


def test_the_entry_names_profile_date_and_commit(document: Document):
    (commit,) = document.parts[0].study.results.commits
    entry = citation(document).partition("\n\n")[0]
    for words in (document.title, "Profile digits", document.date, f"commit {commit[:12]}", document.version):
        assert words in entry and words in credit(document)
    assert document.date[:4] in entry


def test_many_commits_are_counted_and_none_is_no_word(document: Document):
    frame = document.parts[0].study.results.provenance
    frame = frame.assign(commit=[str(index % 5) + 39 * "0" for index in range(len(frame))])
    several = replace(document.parts[0].study.results, provenance=frame)
    (part,) = document.parts
    assert "and 2 more" in origin(replace(document, parts=(replace(part, study=Study(several)),)))
    none = replace(several, provenance=frame.drop(columns="commit"))
    assert "commit" not in origin(replace(document, parts=(replace(part, study=Study(none)),)))
    twice = replace(document, parts=(part, replace(part, name="smoke")))
    assert origin(twice).startswith("Profiles digits, smoke, ")


def test_names_of_every_script_and_long_words_stay_whole(document: Document):
    text = citation(_by(document, "Кирилл Ёжиков", "Zoë Zuckerkandl-Schirrmacherová", title="圧縮 of networks"))
    for name in ("Кирилл Ёжиков", "圧縮 of networks", "Zuckerkandl-Schirrmacherov"):
        assert name in text
    assert "allowbreak" not in text and "U+" not in text


@pytest.mark.parametrize("name", ["}@misc{x, author={y", "A and B", "Doe, Jane and {", r"\input{secret}", "50% _$#&~^"])
def test_hostile_names_stay_inside_their_field(document: Document, name: str):
    text = citation(_by(document, name, title=name))
    assert [entry.key for entry in parse(text)] == ["innards-report", "innards"]
    assert r"\input" not in text
    assert all(line.count("{") == line.count("}") for line in text.splitlines() if line.startswith("  "))
