"""What is measured of the page; how fast it is depends on the machine and is no test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError
from bench.speed import page
from bench.speed._browser import program

WITH_A_LIST = """<!doctype html><title>t</title><p>text</p>
<select name="a"><option>1</option><option>2</option></select>
<script>document.querySelector("select").addEventListener("change", () => { document.title += "."; })</script>
"""


@pytest.mark.skipif(program() is None, reason="no Chromium is installed")
def test_every_load_and_every_change_is_timed(tmp_path: Path):
    (tmp_path / "index.html").write_text(WITH_A_LIST, encoding="utf-8")
    times = page.measured(tmp_path / "index.html", 2, 3)
    assert (len(times.paint), len(times.change)) == (2, 3)
    assert min(times.paint + times.change) > 0


@pytest.mark.skipif(program() is None, reason="no Chromium is installed")
def test_a_page_without_a_choice_has_no_change(tmp_path: Path):
    (tmp_path / "index.html").write_text("<!doctype html><title>t</title><p>text</p>", encoding="utf-8")
    assert page.measured(tmp_path / "index.html", 1, 3).change == ()


def test_no_page_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"report/index\.html is missing"):
        page.main()
