"""`report/appendix.tex`, its body for a paper, its figures and bibliography; and the PDF, where LaTeX is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from bench.render.document import Document
from bench.render.kit.figure import Figure
from bench.render.kit.prose import Cite, Sentence, Strong
from bench.render.kit.table import Cell, Column, Group, Row, Text, show
from bench.render.references import library
from bench.render.writers.citation import citation
from bench.render.writers.overrides import Templates, told
from bench.render.writers.siunitx import Number
from bench.render.writers.tabular import Setting, settings
from bench.render.writers.tex import Tex, escape, identifier
from bench.render.writers.typesetting import Compilation

FLOATING = 34  # lines up to which a table floats; longer ones break over pages
LONGEST = 250  # rows from which a table is left to the data files
BOLD = r"\bfseries "


def write(document: Document, out: Path, *, templates: Path | None = None) -> Compilation:
    """Write all but the PDF, and start on that; `templates` are the user's own, see `overrides`."""
    (out / "figures").mkdir(parents=True, exist_ok=True)
    drawn = {figure.id: _save(document.drawings.text(figure), out / "figures") for figure in document.figures}
    files = Templates("latex", templates)
    environment = _environment(files)
    for name in ("appendix.tex", "appendix-body.tex"):
        with told(files):
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
    """Write files; their names."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return list(files)


def _environment(files: Templates) -> Environment:
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
        sentence=_sentence,
        settings=settings,
        heads=lambda setting: Tex(" & ".join(_head(setting, index) for index in setting.columns)),
        lines=lambda setting, group: list(_lines(setting, group)),
        specification=lambda setting: Tex(setting.specification),
        tex=Tex,
        ascii=lambda text: Tex(re.sub(r"[^A-Za-z0-9 ,.:;()-]", "", text)[:200]),
        label=lambda name: Tex(f"innards:{name}"),
    )
    files.check(environment)
    return environment


def _sentence(sentence: Sentence) -> Tex:
    return Tex("".join(map(_part, sentence)))


def _part(part: str) -> Tex:
    if isinstance(part, Cite):
        return _cite([str(part)])
    return Tex(rf"\textbf{{{escape(part)}}}") if isinstance(part, Strong) else escape(part)


def _head(setting: Setting, index: int) -> Tex:
    column = setting.table.columns[index]
    side = "l" if column.is_text else "r"
    text = escape(column.title)
    if column.unit:
        text = Tex(rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{text}\\({escape(column.unit)})\end{{tabular}}")
    if not setting.ragged(index):
        return text
    return Tex(rf"\multicolumn{{2}}{{r{'@{}' if index == setting.columns[-1] else ''}}}{{{text}}}")


@dataclass(frozen=True)
class _Line:
    cells: Tex
    apart: bool  # from the line before, by a line


def _lines(setting: Setting, group: Group) -> Iterator[_Line]:
    before = ""
    for row in group.rows:
        role = "method" if row.role == "method" else "other"
        yield _Line(_line(setting, row), apart=bool(before) and role != before)
        before = role


def _line(setting: Setting, row: Row) -> Tex:
    table = setting.table
    return Tex(" & ".join(_cell(row.cells[i], table.columns[i], setting.ragged(i)) for i in setting.columns) + r" \\")


def _cell(cell: Cell, column: Column, ragged: bool) -> Tex:
    text = show(cell, column)
    if ragged:
        return _number(text)
    if text.hole:
        return _hole(text)
    if column.kind == "citations":
        return _cite(text.main.split())
    main = identifier(text.main) if column.kind == "code" else escape(text.main)
    return Tex(rf"\textbf{{{main}}}") if text.bold else main


def _number(text: Text) -> Tex:
    """A cell of a siunitx column, and of that behind it; what is no number stands between braces."""
    found = Number.read(text)
    if not found:
        return Tex(f"{{{_hole(text) if text.hole else escape(text.plain)}}}&")
    before = f"{{{escape(found.before)}}}" if found.before else ""
    after = escape(found.after + found.stars).replace(" ", "~")
    return Tex(f"{before}{BOLD if text.bold else ''}{found.plain}&{after}")


def _hole(text: Text) -> Tex:
    return Tex(rf"\emph{{{escape(text.main)}}}") if text.main.isalpha() else escape(text.main)


def _cite(keys: list[str]) -> Tex:
    """Citations of the keys that a bibliography knows, and the others as they are."""
    known = [key for key in keys if key in library()]
    cited = [rf"\cite{{{','.join(known)}}}"] if known else []
    return Tex(" ".join([*cited, *(identifier(key) for key in keys if key not in known)]))
