from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from bench.analysis.study import Study
from bench.render.document import compose
from bench.render.kit.table import show
from bench.render.writers.html import slug

VOID = {"meta", "link", "img", "input", "br", "hr"}


class Page(HTMLParser):
    """Elements with their attributes, and whether tags are closed in order."""

    def __init__(self, source: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())


@pytest.fixture(scope="module")
def source(rendered: Path) -> str:
    return (rendered / "details.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_tags_are_closed_in_order(page: Page):
    assert page.open == []


def test_nothing_is_asked_of_anyone(page: Page):
    for tag, attributes in page.elements:
        for name in ("src", "srcset", "poster", "data", "action", "xlink:href"):
            assert not re.match(r"(https?:)?//", attributes.get(name) or ""), (tag, attributes)
        if tag not in ("a", "use"):
            assert "href" not in attributes or (attributes["href"] or "").startswith(("#", "data:")), (tag, attributes)
    assert not {tag for tag, _ in page.elements} & {"link", "iframe", "object", "embed", "base"}


def test_the_policy_allows_this_style_and_script_and_nothing_else(page: Page, source: str):
    policy = next(a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy") or ""
    for kind in ("style", "script"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not any("style" in attributes for _, attributes in page.elements)
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


def test_ids_are_unique_and_links_lead_somewhere(page: Page, rendered: Path):
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.elements:
        target = attributes.get("href") or ""
        if target.startswith("#"):
            assert target[1:] in ids, target
        elif tag == "a" and not target.startswith("https://"):
            assert (rendered / target).is_file() or target == "appendix.pdf", target


def test_headings_and_landmarks_are_in_order(page: Page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    tags = [tag for tag, _ in page.elements]
    assert all(tags.count(landmark) == 1 for landmark in ("main", "nav", "header", "footer"))
    assert ("html", {"lang": "en"}) in page.elements


def test_it_opens_with_the_answer(source: str):
    places = [source.index(what) for what in ("<h1>", 'class="answer"', 'id="sec-results"')]
    assert places == sorted(places)


def test_every_printed_number_of_every_table_is_on_the_page(study: Study, source: str):
    plain = unescape(re.sub(r"<[^>]+>", "\n", source))
    shown = {line.strip() for line in plain.split("\n")}
    for table in compose([study]).tables:
        for row in () if table.raw or table.counted else table.rows:
            for column in table.shown:
                text = show(row[column.key], column)
                if not column.is_text:
                    assert text.main in shown, (table.id, text)
                    assert not text.interval or text.interval in shown, (table.id, text)


def test_a_familys_name_is_a_class():
    assert slug("structured pruning") == "structured-pruning"
    assert slug("<script>") == "script"
    assert slug("") == "other"


@pytest.mark.slow
def test_an_accent_is_a_colour_or_nothing(small, tmp_path: Path, without_latex: None):
    from bench.render import report

    folder = replace(small, report={"accent": "#aa0044"}).write(tmp_path)
    report([folder], tmp_path / "out")
    assert ":root{--accent:#aa0044}" in (tmp_path / "out" / "details.html").read_text(encoding="utf-8")
