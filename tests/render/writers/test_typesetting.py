from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from bench.render.writers.typesetting import MOST_PASSES, Compilation, drafted, first_error

needs_latex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX")
EMPTY = r"\documentclass{article}\begin{document}%s\end{document}"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the arguments of every call of pdflatex."""
    found, wrapper = tmp_path / "calls", tmp_path / "bin" / "pdflatex"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {found}\nexec {shutil.which("pdflatex")} "$@"\n')
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    return found


def compiled(folder: Path, text: str = "x") -> str:
    folder.mkdir()
    (folder / "figures").mkdir()
    (folder / "appendix.tex").write_text(text)
    for name in ("appendix-body.tex", "references.bib"):
        (folder / name).write_text("")
    return Compilation(folder).finish()


@needs_latex
def test_a_draft_is_as_wide_so_that_one_whole_pass_is_enough(rendered: Path, calls: Path):
    assert "S[table-format=" in (rendered / "appendix-body.tex").read_text(encoding="utf-8")
    assert Compilation(rendered).finish() == ""
    log = (rendered / "appendix.log").read_text(encoding="utf-8", errors="replace")
    assert "Rerun LaTeX" not in log and "Rerun to get" not in log and "undefined" not in log
    assert ["-draftmode" in call for call in calls.read_text().splitlines()] == [True, True, False]


@needs_latex
def test_what_asks_for_another_pass_gets_it_but_not_for_ever(tmp_path: Path, calls: Path):
    asking = r"\AtEndDocument{\typeout{LaTeX Warning: Label(s) may have changed. Rerun to get it right.}}x"
    assert compiled(tmp_path / "out", EMPTY % asking) == ""
    assert len(calls.read_text().splitlines()) == 2 + MOST_PASSES
    assert (tmp_path / "out" / "appendix.pdf").is_file()


@needs_latex
def test_a_mistake_ends_it_at_the_first_whole_pass(tmp_path: Path, calls: Path):
    assert "Undefined control sequence. l.1" in compiled(tmp_path / "out", EMPTY % r"\oops")
    assert len(calls.read_text().splitlines()) == 3


def test_columns_of_siunitx_become_those_of_the_draft():
    assert drafted(r"{lS[table-format=+2.1]@{}l}").endswith(r"{lU{table-format=+2.1}@{}l}")


def test_a_log_without_an_error_is_told_as_such():
    assert first_error("all is well") == "LaTeX ended without a PDF"
