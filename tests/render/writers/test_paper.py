"""The kit in papers of other people's makes: it compiles, fits, and leaves them as they were."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.render.kit.style import PAPER_MEDIA
from bench.render.writers.captioning import MOST_WORDS
from tests.render.writers._papers import paper

needs_latexmk = pytest.mark.skipif(shutil.which("latexmk") is None, reason="no latexmk is installed")


def snippets(report: Path) -> list[str]:
    found = sorted(file.stem for file in (report / "figures" / "paper").glob("*.tex"))
    return [name for name in found if name != "captions"]


def compiled(make: str, report: Path, folder: Path, **options: str) -> str:
    """The log of a paper that inputs the kit of a report."""
    (folder / "paper.tex").write_text(paper(make, report, snippets(report), **options), encoding="utf-8")
    command = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    lines = {**os.environ, "max_print_line": "10000"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=400, env=lines)
    log = (folder / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, re.findall(r"^! .*(?:\n.*){4}", log, re.MULTILINE) or done.stdout[-2000:]
    return log


def wide(log: str) -> list[float]:
    """Boxes that stick out by more than 2 pt."""
    return [float(p) for p in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", log) if float(p) > 2]


@needs_latexmk
@pytest.mark.parametrize(
    "make", ["cvpr", *(pytest.param(make, marks=pytest.mark.slow) for make in ("neurips", "icml", "large"))]
)
def test_a_paper_takes_figures_checklist_and_appendix(make: str, rendered: Path, tmp_path: Path):
    log = compiled(make, rendered, tmp_path)
    assert wide(log) == []
    assert not re.findall(
        r"undefined on input line|multiply defined|too large for page|destination with the same identifier", log
    )
    before, after = (re.findall(rf"STATE {when}: (.*)", log) for when in ("before", "after"))
    assert before == after and len(before) == 1
    assert "STATE caption" not in log


def test_every_figure_has_each_width_and_face_and_its_words(rendered: Path):
    folder = rendered / "figures" / "paper"
    captions = (folder / "captions.tex").read_text(encoding="utf-8")
    for name in snippets(rendered):
        source = (folder / f"{name}.tex").read_text(encoding="utf-8")
        assert rf"\innardscaption{{{name}}}" in source and rf"\label{{innards:fig:{name}}}" in source
        assert f"innards@caption@{name}\\endcsname" in captions
        for panel in re.findall(r"\\innardsgraphic{([^}]*)}", source):
            for medium in PAPER_MEDIA:
                assert (folder / f"{panel}-{medium}.pdf").is_file()


def test_captions_are_short_enough_for_a_paper(rendered: Path):
    captions = (rendered / "figures" / "paper" / "captions.tex").read_text(encoding="utf-8")
    bodies = [(rendered / f"{name}-body.tex").read_text(encoding="utf-8") for name in ("appendix", "appendix-full")]
    said = re.findall(r"innards@caption@.*?\\endcsname{(.*)}$", captions, re.MULTILINE)
    said += [each for body in bodies for each in re.findall(r"^\\caption\[[^]]*\]{(.*)}\\label", body, re.MULTILINE)]
    assert said
    assert [each for each in said if len(each.split()) > MOST_WORDS] == []


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="no pdffonts is installed")
def test_fonts_are_embedded_and_those_of_the_face(rendered: Path):
    for file in (rendered / "figures" / "paper").glob("*.pdf"):
        fonts = subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
        assert fonts and all("TrueType" in font and " yes yes " in font for font in fonts), (file, fonts)
        assert any(("STIX" if "serif" in file.stem else "DejaVu") in font for font in fonts), (file, fonts)


def test_the_checklist_has_the_form_of_neurips(rendered: Path):
    source = (rendered / "checklist.tex").read_text(encoding="utf-8")
    items = re.findall(
        r"\\item\[\d+\.\] \\textbf{.+}\n    \\item\[\] Question: .+\?\n    \\item\[\] Answer: \\answer(Yes|No|NA){}\n"
        r"    \\item\[\] Justification: .+",
        source,
    )
    assert len(items) == source.count("Question:") > 5
    assert not re.findall(r"\\(?:re)?newcommand", source)
