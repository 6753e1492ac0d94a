from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.analysis.study import Study
from bench.render import report
from bench.render.document import compose
from bench.render.kit.figure import Figure
from bench.render.kit.table import show
from bench.render.writers import latex, typesetting
from bench.render.writers.tex import escape

needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX is installed")


def complaints(log: str) -> list[str]:
    """What a careful author would mend."""
    wide = [float(points) for points in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", log)]
    found = [f"overfull by {points} pt" for points in wide if points > 2]
    found += re.findall(r"^! .*|LaTeX Warning: .*|Package \w+ Warning: .*|undefined on input line.*", log, re.MULTILINE)
    return found


@needs_latex
@pytest.mark.parametrize("name", ["appendix", "appendix-full"])
def test_the_appendix_compiles_without_a_complaint(rendered: Path, name: str):
    assert (rendered / f"{name}.pdf").is_file()
    assert complaints((rendered / f"{name}.log").read_text(encoding="utf-8")) == []


PAGE = r"""\documentclass{article}\usepackage{longtable}\begin{document}
MACRO
\makeatother
\begin{figure}[!tp]\rule{1cm}{7cm}\caption{At the top}\end{figure}
Words.
\begin{longtable}{l}a\\b\\c\end{longtable}AFTER
Words.
\begin{figure}[!htbp]\rule{1cm}{9cm}\caption{Here, or on the next page}\end{figure}
\end{document}"""


@needs_latex
@pytest.mark.parametrize(("after", "complaint"), [("\\innardsrest", False), ("", True)])
def test_a_figure_behind_a_table_never_runs_over_the_page(after, complaint, tmp_path: Path):
    template = (Path(__file__).parents[3] / "templates/latex/appendix-body.tex.j2").read_text(encoding="utf-8")
    macro = "\\makeatletter\n" + re.search(r"\\def\\innardsrest.*?(?=\\@ifundefined)", template, re.DOTALL)[0]
    (tmp_path / "page.tex").write_text(PAGE.replace("MACRO", macro).replace("AFTER", after))
    subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "page.tex"], cwd=tmp_path, capture_output=True, check=True, timeout=120
    )
    assert bool(complaints((tmp_path / "page.log").read_text(encoding="latin-1"))) == complaint


@needs_latex
@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="no pdffonts is installed")
def test_fonts_of_figures_are_embedded_as_type_42(rendered: Path):
    for figure in (rendered / "figures").glob("*.pdf"):
        fonts = subprocess.run(["pdffonts", figure], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
        assert fonts
        for font in fonts:
            assert "CID TrueType" in font or "TrueType" in font, font
            assert " yes yes " in font, font


@needs_latex
def test_the_body_goes_into_a_paper(rendered: Path, tmp_path: Path):
    (tmp_path / "paper.tex").write_text(
        rf"""\documentclass[10pt]{{article}}
\usepackage[utf8]{{inputenc}}\usepackage[textwidth=397pt]{{geometry}}
\usepackage{{graphicx,array,booktabs,longtable,threeparttable,siunitx,textcomp,placeins}}\usepackage[numbers]{{natbib}}
\newcommand{{\innardspath}}{{{rendered}/}}
\newlength{{\before}}\setlength{{\before}}{{\tabcolsep}}
\begin{{document}}\appendix\input{{{rendered}/appendix-body}}
\ifdim\before=\tabcolsep\else\undefinedsideeffect\fi
\bibliographystyle{{plainnat}}\bibliography{{{rendered}/references}}\end{{document}}"""
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, typesetting.first_error(done.stdout)


def test_every_printed_cell_of_every_table_is_in_the_full_body(study: Study, rendered: Path):
    body = (rendered / "appendix-full-body.tex").read_text(encoding="utf-8")
    for table in compose([study]).tables:
        if table.raw or table.counted or table.size > latex.LONGEST[latex.FULL]:
            continue
        for row in table.rows:
            for column in table.shown:
                text = show(row[column.key], column)
                if not column.is_text and not text.hole:
                    number = text.main.replace("−", "-").replace(",", "").replace("<", r"{\textless{}}")
                    interval = escape(text.interval).replace(" ", "~")
                    after = f"&~{interval}" if text.interval else ""
                    plain = not after and escape(text.main) in body
                    assert plain or f"{number}{after}" in body, (table.id, text)


def test_numbers_with_intervals_stand_in_columns_of_siunitx(rendered: Path):
    body = (rendered / "appendix-full-body.tex").read_text(encoding="utf-8")
    results = (
        body.partition(r"\label{innards:results}")[0].rpartition(r"\begin{")[2]
        + body.partition(r"\label{innards:results}")[2].partition(r"\midrule")[0]
    )
    assert results.count("S[table-format=") == 3


def test_all_characters_of_our_own_can_be_printed(rendered: Path):
    assert "{[}U+" not in (rendered / "appendix-full-body.tex").read_text("utf-8")


@pytest.mark.parametrize("name", ["appendix", "appendix-full"])
def test_labels_are_prefixed_and_unique(rendered: Path, name: str):
    labels = re.findall(r"\\label\{([^}]*)\}", (rendered / f"{name}-body.tex").read_text(encoding="utf-8"))
    assert len(labels) == len(set(labels))
    assert all(label.startswith("innards:") for label in labels)


@pytest.mark.slow
def test_without_latex_it_says_what_to_install(small, tmp_path: Path, without_latex: None):
    folder = small.write(tmp_path)
    summary = report([folder], tmp_path / "out")
    assert not summary.pdf
    assert "install pdflatex" in summary.note
    assert not (tmp_path / "out" / "appendix.pdf").exists()
    assert 'href="appendix.pdf"' not in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
@needs_latex
def test_a_failure_names_the_first_error_and_is_not_fatal(small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    original = latex._environment

    def broken(files, citable):
        environment = original(files, citable)
        environment.filters["label"] = lambda name: latex.Tex(r"\oops")
        return environment

    monkeypatch.setattr(latex, "_environment", broken)
    folder = small.write(tmp_path)
    summary = report([folder], tmp_path / "out")
    assert not summary.pdf
    assert "Undefined control sequence" in summary.note
    assert 'href="appendix.pdf"' not in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def drawn(name: str, network: str, details: str = "") -> Figure:
    return Figure(name, "Title", "", "", lambda medium: None, (), network=network, details=details)  # type: ignore[arg-type, return-value]


def test_figures_that_show_the_same_of_two_networks_stand_side_by_side():
    figures = [drawn("views-pooled-a", "A"), drawn("views-flat-a", "A"), drawn("views-pooled-b-c", "b.c")]
    figures += [drawn("all", ""), drawn("views-flat-b-c", "b.c"), drawn("last-b-c", "b.c")]
    assert [[item.id for item in group.items] for group in latex.grouped(figures, ("A", "b.c"))] == [
        ["views-pooled-a", "views-pooled-b-c"],
        ["views-flat-a", "views-flat-b-c"],
        ["all"],
        ["last-b-c"],
    ]


def test_notes_that_all_figures_of_a_kind_share_are_printed_once():
    notes = {"a": "Bars: 95%. On A 2 differ.", "b": "Bars: 95%. On B none does.", "c": "Bars: 95%."}
    groups = latex.grouped([drawn(f"view-{name}", name, text) for name, text in notes.items()], tuple(notes))
    assert [group.shared for group in groups] == ["Bars: 95%.", ""]
    assert [group.kind for group in groups] == [("view-a", "view-b", "view-c"), ()]
    assert [group.apart for group in groups] == [("On A 2 differ.", "On B none does."), ("",)]
    (alone,) = latex.grouped([drawn("view-a", "a", notes["a"])], ("a",))
    assert (alone.shared, alone.kind, alone.apart) == (notes["a"], (), ("",))


def test_tables_of_the_short_appendix_fit_a_line_and_name_the_files_of_the_rest(rendered: Path):
    short, full = (
        (rendered / f"{name}-body.tex").read_text(encoding="utf-8") for name in ("appendix", "appendix-full")
    )
    assert "continued" not in short and "continued" in full
    for name in ("results", "inside", "methods"):
        assert f"More columns are in data/{name}.csv." in short and f"data/{name}.csv" not in full


@needs_latex
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext is installed")
def test_the_short_appendix_has_a_dozen_pages_and_none_half_empty(rendered: Path):
    filled = shares(rendered / "appendix.pdf")
    assert len(filled) <= 12
    assert min(filled[:-1]) > 0.7, filled


def shares(pdf: Path) -> list[float]:
    """By page, how far down its words reach, of a text block from 60 pt to 746 pt."""
    words = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pages = [re.findall(r'yMax="([\d.]+)">', page) for page in words.split("<page ")[1:]]
    return [(max(y for y in map(float, ends) if y < 770) - 60) / 686 for ends in pages]


def test_no_page_ends_within_the_first_or_last_rows_of_a_table(rendered: Path):
    body = (rendered / "appendix-full-body.tex").read_text(encoding="utf-8")
    for table in re.findall(r"\\endfoot\n(.*?)\\end{longtable}", body, re.DOTALL):
        rows = [line for line in table.splitlines() if line.endswith(("\\\\", "\\\\*")) and "multicolumn" not in line]
        tied = [line.endswith("*") for line in rows]
        assert all(tied[: min(1, len(rows) - 1)]) and all(tied[-2:-1]), table
        assert len(rows) < 30 or not all(tied)
