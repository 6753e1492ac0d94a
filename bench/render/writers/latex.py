"""`report/appendix.tex`, its body for a paper, its figures and bibliography; and the PDF if LaTeX is installed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from bench.render.document import Document
from bench.render.kit.figure import Figure
from bench.render.kit.prose import Cite, Strong
from bench.render.kit.table import Column, Datum, Group, Row, Text, show
from bench.render.writers.citation import citation
from bench.render.writers.overrides import Templates, explained
from bench.render.writers.siunitx import Number
from bench.render.writers.tabular import Tabular, tabulars
from bench.render.writers.tex import Tex, escape, identifier
from bench.render.writers.typesetting import Compilation

FLOATING = 34  # most lines of a table that floats; a longer one breaks over pages
LONGEST = 250  # most rows of a table that is printed; a longer one is in the data files alone
BOLD = r"\bfseries "


def write(document: Document, out: Path, *, templates: Path | None = None) -> Compilation:
    """Write everything except the PDF, and start compiling that.

    Args:
        templates: the user's own, see `overrides`.
    """
    # LaTeX needs only the figures as wide as the text, so it starts before those for a column are written.
    (out / "figures").mkdir(parents=True, exist_ok=True)
    drawn = {figure.id: _save(document.drawings.text(figure), out / "figures") for figure in document.figures}
    files = Templates("latex", templates)
    environment = _environment(files, {reference.key for reference in document.references})
    for name in ("appendix.tex", "appendix-body.tex"):
        with explained(files):
            text = environment.get_template(f"{name}.j2").render(document=document, pages=drawn)
        (out / name).write_text(re.sub(r"\n{3,}", "\n\n", text), encoding="utf-8")
    bibliography = "\n\n".join(reference.bibtex for reference in document.references)
    (out / "references.bib").write_text(bibliography + "\n", encoding="utf-8")
    (out / "citation.bib").write_text(citation(document), encoding="utf-8")
    compilation = Compilation(out)
    for figure in document.figures:
        _save(document.drawings.column(figure), out / "figures")
    return compilation


def _save(files: dict[str, bytes], folder: Path) -> list[str]:
    """Write files, and return their names."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return list(files)


def _environment(files: Templates, citable: Container[str]) -> Environment:
    """Jinja for LaTeX.

    Args:
        citable: keys of the papers in `references.bib`.
    """
    environment = Environment(
        loader=files.loader,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # `finalize` escapes everything that is not Tex
        finalize=escape,
        undefined=StrictUndefined,
    )
    environment.tests["figure"] = lambda item: isinstance(item, Figure)
    environment.globals.update(floating=FLOATING, longest=LONGEST)
    environment.filters.update(
        sentence=lambda sentence: Tex("".join(_part(part, citable) for part in sentence)),
        tabulars=tabulars,
        heads=lambda tabular: Tex(" & ".join(_head(tabular, column) for column in tabular.columns)),
        lines=lambda tabular, group: list(_lines(tabular, group, citable)),
        specification=lambda tabular: Tex(tabular.specification),
        tex=Tex,
        ascii=lambda text: Tex(re.sub(r"[^A-Za-z0-9 ,.:;()-]", "", text)[:200]),
        label=lambda name: Tex(f"innards:{name}"),
    )
    files.check(environment)
    return environment


def _part(part: str, citable: Container[str]) -> Tex:
    if isinstance(part, Cite):
        return _cite([str(part)], citable)
    return Tex(rf"\textbf{{{escape(part)}}}") if isinstance(part, Strong) else escape(part)


def _head(tabular: Tabular, column: Column[Any]) -> Tex:
    side = "l" if column.is_text else "r"
    text = escape(column.title)
    if column.unit:
        text = Tex(rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{text}\\({escape(column.unit)})\end{{tabular}}")
    if not tabular.ragged(column):
        return text
    return Tex(rf"\multicolumn{{2}}{{r{'@{}' if column == tabular.columns[-1] else ''}}}{{{text}}}")


@dataclass(frozen=True)
class _Line:
    cells: Tex
    apart: bool  # a rule divides it from the line before


def _lines(tabular: Tabular, group: Group, citable: Container[str]) -> Iterator[_Line]:
    """A group's rows, with a rule between the methods and what they are compared with."""
    before = ""
    for row in group.rows:
        role = "method" if row.role == "method" else "other"
        yield _Line(_line(tabular, row, citable), apart=bool(before) and role != before)
        before = role


def _line(tabular: Tabular, row: Row, citable: Container[str]) -> Tex:
    cells = (_cell(row[column.key], column, tabular.ragged(column), citable) for column in tabular.columns)
    return Tex(" & ".join(cells) + r" \\")


def _cell(cell: Datum, column: Column[Any], ragged: bool, citable: Container[str]) -> Tex:
    text = show(cell, column)
    if ragged:
        return _number(Number.of(cell, column), text)
    if text.hole:
        return _hole(text)
    if column.kind == "citations":
        return _cite(text.main.split(), citable)
    main = identifier(text.main) if column.kind == "code" else escape(text.main)
    return Tex(rf"\textbf{{{main}}}") if text.bold else main


def _number(number: Number | None, text: Text) -> Tex:
    """A cell of a siunitx column and the cell behind it; siunitx prints text between braces as it is."""
    if not number:
        return Tex(f"{{{_hole(text) if text.hole else escape(text.plain)}}}&")
    before = f"{{{escape(number.before)}}}" if number.before else ""
    after = escape(number.after + number.stars).replace(" ", "~")
    return Tex(f"{before}{BOLD if text.bold else ''}{number.plain}&{after}")


def _hole(text: Text) -> Tex:
    return Tex(rf"\emph{{{escape(text.main)}}}") if text.main.isalpha() else escape(text.main)


def _cite(keys: list[str], citable: Container[str]) -> Tex:
    r"""A \cite of the keys that the bibliography holds; other keys are printed as they are."""
    listed = [key for key in keys if key in citable]
    cited = [rf"\cite{{{','.join(listed)}}}"] if listed else []
    return Tex(" ".join([*cited, *(identifier(key) for key in keys if key not in listed)]))
