from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.study import Study
from bench.errors import InputError
from bench.render.document import Document, compose
from bench.render.writers.html import pages
from bench.render.writers.latex import write
from bench.render.writers.overrides import Templates


@pytest.fixture(scope="module")
def document(study: Study) -> Document:
    return compose([study])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    for kind in ("html", "latex"):
        (tmp_path / "own" / kind).mkdir(parents=True)
    return tmp_path / "own"


@pytest.mark.slow
def test_one_block_changes_and_the_rest_stays(document: Document, own: Path):
    before = pages(document, pdf=False)["details.html"]
    (own / "html" / "details.html.j2").write_text(
        '{% extends "innards/details.html.j2" %}'
        "{% block colophon %}<footer>Ours: {{ document.title }}</footer>{% endblock %}"
    )
    after = pages(document, pdf=False, templates=own)["details.html"]
    assert f"<footer>Ours: {document.title}</footer>" in after and "Made by Innards" not in after
    assert after.partition("</main>")[0] == before.partition("</main>")[0]


@pytest.mark.slow
def test_an_included_template_is_replaced(document: Document, own: Path):
    (own / "html" / "downloads.html.j2").write_text("<p>No files here.</p>")
    assert "<p>No files here.</p>" in pages(document, pdf=False, templates=own)["details.html"]


def test_values_stay_escaped(document: Document, own: Path):
    (own / "html" / "downloads.html.j2").write_text("{{ '<script>' }}")
    assert "&lt;script&gt;" in pages(document, pdf=False, templates=own)["details.html"]


def test_a_style_sheet_comes_after_ours_and_the_policy_allows_it(document: Document, own: Path):
    (own / "html" / "style.css").write_text("h1 { color: rebeccapurple }")
    before, after = (
        pages(document, pdf=False)["details.html"],
        pages(document, pdf=False, templates=own)["details.html"],
    )
    assert "rebeccapurple" in after.partition("</style>")[0]
    assert after.partition("style-src")[2][:60] != before.partition("style-src")[2][:60]


def test_latex_takes_a_preamble(document: Document, own: Path, tmp_path: Path):
    (own / "latex" / "appendix.tex.j2").write_text(
        r'<% extends "innards/appendix.tex.j2" %><% block preamble %>\usepackage{palatino}<% endblock %>'
    )
    (compilation,) = write(document, tmp_path, templates=own)
    compilation.finish()
    text = (tmp_path / "appendix.tex").read_text()
    assert r"\usepackage{palatino}" in text and r"\maketitle" in text


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "details.html.j2",
            '{% extends "innards/details.html.j2" %}\n{% block mast %}{% endblock %}',
            r"details\.html\.j2, line 2: innards/details\.html\.j2 has no block 'mast'; did you mean 'masthead'\?",
        ),
        ("downloads.html.j2", "a\n{% if %}", r"downloads\.html\.j2, line 2: Expected an expression"),
        ("downloads.html.j2", "a\n{{ documents }}", r"downloads\.html\.j2, line 2: 'documents' is undefined"),
        (
            "details.html.j2",
            '{% extends "innards/details.html.j2" %}{% block colophon %}\n{{ 1 / 0 }}{% endblock %}',
            r"details\.html\.j2, line 2, block 'colophon': ZeroDivisionError: division by zero",
        ),
        ("downloads.html.j2", "{{ [].pop() }}", r"downloads\.html\.j2, line 1: IndexError: pop from empty list"),
        ("downloads.html.j2", "{{ 'a' + 1 }}", r"downloads\.html\.j2, line 1: TypeError: "),
        ("downloads.html.j2", '{% include "downloads.html.j2" %}', r"downloads\.html\.j2, line 1: RecursionError: "),
        ("downloads.html.j2", '{% include "nothing.j2" %}', r"there is no template of this name: nothing\.j2"),
    ],
)
def test_a_mistake_is_told_with_its_place(document: Document, own: Path, name: str, text: str, told: str):
    (own / "html" / name).write_text(text)
    with pytest.raises(InputError, match=told):
        pages(document, pdf=False, templates=own)["details.html"]


@pytest.mark.parametrize("name", ["style.css", "figure.html.j2"])
def test_a_file_that_is_no_text_is_told_so(document: Document, own: Path, name: str):
    (own / "html" / name).write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=f"{name} is not UTF-8 text"):
        pages(document, pdf=False, templates=own)["details.html"]


def test_a_name_that_nothing_has(own: Path):
    (own / "html" / "indx.html.j2").write_text("")
    with pytest.raises(
        InputError, match=r"indx\.html\.j2: no template has this name; did you mean 'index\.html\.j2'\?"
    ):
        Templates("html", own)


def test_a_folder_that_is_none(tmp_path: Path):
    with pytest.raises(InputError, match="no such folder of templates"):
        Templates("html", tmp_path / "nothing")
    with pytest.raises(InputError, match=r"holds html/ or latex/, and this has neither"):
        Templates("html", tmp_path)
