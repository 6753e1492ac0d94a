"""`report/appendix.tex`, its body for a paper, its figures and bibliography; and the PDF if LaTeX is installed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from bench.render.document import Document, Item
from bench.render.kit import table
from bench.render.kit.figure import Figure
from bench.render.kit.names import anchors
from bench.render.kit.prose import Cite, Strong
from bench.render.kit.table import Column, Datum, Row, Text, show
from bench.render.text.checklist import merged
from bench.render.writers import paper, typesetting
from bench.render.writers.captioning import brief, captioned, sentences_of
from bench.render.writers.citation import citation, credit
from bench.render.writers.overrides import Templates, explained
from bench.render.writers.siunitx import Number
from bench.render.writers.tabular import Tabular, tabulars
from bench.render.writers.tex import Tex, escape, identifier

BOLD = r"\bfseries "
APPENDIX, FULL = "appendix", "appendix-full"
LONGEST = {APPENDIX: 150, FULL: 250}  # most rows of a table that is printed; a longer one is in the data files alone
TALLEST = {APPENDIX: "0.5", FULL: "0.85"}  # share of a page that a figure takes at most, without its caption


@dataclass(frozen=True)
class Group:
    """What is printed as one: a table, a figure, or two figures that show the same of two networks.

    Attributes:
        kind: ids of all figures that show the same, of all networks; empty but for the first group of several.
        shared: what the notes of all of these say, for the first group to print.
        apart: what each item's notes say beyond that.
    """

    items: tuple[Item, ...]
    kind: tuple[str, ...] = ()
    shared: str = ""
    apart: tuple[str, ...] = ()


def write(
    document: Document, out: Path, *, templates: Path | None = None, full: bool = False
) -> list[typesetting.Compilation]:
    """Write everything except the PDFs and what `write_for_papers` writes, and start compiling them.

    Args:
        templates: the user's own, see `overrides`.
        full: compile the appendix that holds everything, too; its source is always written.
    """
    # LaTeX needs only the figures as wide as the text and, of those that stand side by side, as wide as a column, so it
    # starts before the others are written.
    (out / "figures").mkdir(parents=True, exist_ok=True)
    pages = {figure.id: _save(document.drawings.text(figure), out / "figures") for figure in document.figures}
    beside = [
        figure
        for part in document.parts
        for group in grouped(part.story.figures, part.story.networks)
        for figure in group.items
        if isinstance(figure, Figure) and len(group.items) > 1
    ]
    pages |= {figure.id: _save(document.drawings.column(figure), out / "figures") for figure in beside}
    files = Templates("latex", templates)
    environment = _environment(files, {reference.key for reference in document.references})
    for kind in (APPENDIX, FULL):
        for part in ("", "-body"):
            with explained(files):
                text = environment.get_template(f"{APPENDIX}{part}.tex.j2").render(
                    document=document,
                    credit=credit(document),
                    pages=pages,
                    full=kind == FULL,
                    body=f"{kind}-body",
                    tallest=TALLEST[kind],
                    longest=LONGEST[kind],
                )
            (out / f"{kind}{part}.tex").write_text(re.sub(r"\n{3,}", "\n\n", text), encoding="utf-8")
    questions = merged([part.checklist for part in document.parts], [part.name for part in document.parts])
    for name in ("preamble", "checklist"):
        with explained(files):
            text = environment.get_template(f"{name}.tex.j2").render(document=document, questions=questions)
        (out / f"{name}.tex").write_text(text, encoding="utf-8")
    bibliography = "\n\n".join(reference.bibtex for reference in document.references)
    (out / "references.bib").write_text(bibliography + "\n", encoding="utf-8")
    (out / "citation.bib").write_text(citation(document), encoding="utf-8")
    return [typesetting.Compilation(out, kind) for kind in ([APPENDIX, FULL] if full else [APPENDIX])]


def write_for_papers(document: Document, out: Path, *, templates: Path | None = None) -> None:
    """Write the figures as wide as a column, and those of a paper's text: what is drawn last, and no page waits for."""
    for figure in document.figures:
        _save(document.drawings.column(figure), out / "figures")
    files = Templates("latex", templates)
    paper.write(document, out, _environment(files, {reference.key for reference in document.references}), files)


def grouped(items: Iterable[Item], networks: Sequence[str] = ()) -> list[Group]:
    """What is printed of the items: each alone, or two figures that show the same of two networks.

    Args:
        networks: of the part, in order.
    """
    # Such figures differ in the end of their ids. They stand where the first of them does.
    ends = {network: f"-{anchor}" for network, anchor in anchors(networks).items()}
    kinds: dict[str, list[Item]] = {}
    for item in items:
        if isinstance(item, Figure) or not item.raw:
            end = ends.get(item.network, "") if isinstance(item, Figure) else ""
            kinds.setdefault(item.id.removesuffix(end), []).append(item)
    return [group for members in kinds.values() for group in _pairs(members)]


def _pairs(members: Sequence[Item]) -> Iterator[Group]:
    """Two figures at a time of those that show the same; their notes once, under the first two."""
    # With three networks or more these would fill half of every page, and push the next two figures off it.
    notes = {item.id: _notes(item) for item in members}
    first, *others = notes.values()
    shared = [sentence for sentence in first if all(sentence in other for other in others)]
    kind = tuple(notes) if len(members) > 2 else ()
    for start in range(0, len(members), 2):
        items = tuple(members[start : start + 2])
        apart = (" ".join(sentence for sentence in notes[item.id] if sentence not in shared) for item in items)
        yield Group(items, kind if start == 0 else (), " ".join(shared) if start == 0 else "", tuple(apart))


def _notes(item: Item) -> list[str]:
    return sentences_of(" ".join(captioned(item).notes)) if isinstance(item, Figure) else []


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
    environment.filters.update(
        sentence=lambda sentence: Tex("".join(_part(part, citable) for part in sentence)),
        tabulars=tabulars,
        captioned=captioned,
        brief=brief,
        grouped=grouped,
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


def _lines(tabular: Tabular, group: table.Group, citable: Container[str]) -> Iterator[_Line]:
    """A group's rows, with a rule between the methods and what they are compared with."""
    before, first = "", next(number for number, row in enumerate(tabular.table.rows) if row is group.rows[0])
    for row, tied in zip(group.rows, tabular.tied[first:]):
        role = "method" if row.role == "method" else "other"
        yield _Line(_line(tabular, row, citable, tied), apart=bool(before) and role != before)
        before = role


def _line(tabular: Tabular, row: Row, citable: Container[str], tied: bool) -> Tex:
    """A row; `tied` to the next, no page ends between them."""
    cells = (_cell(row[column.key], column, tabular.ragged(column), citable) for column in tabular.columns)
    return Tex(" & ".join(cells) + (r" \\*" if tied else r" \\"))


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
    cited = [rf"\innardscite{{{','.join(listed)}}}"] if listed else []
    return Tex(" ".join([*cited, *(identifier(key) for key in keys if key not in listed)]))
