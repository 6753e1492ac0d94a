"""How to cite the report, and the program that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.render.writers.tex import escape

if TYPE_CHECKING:
    from bench.render.document import Document

PROGRAM = "Innards: what compression costs a convolutional network, and what it does to its inside"


def citation(document: Document) -> str:
    """BibTeX entries for Innards and, if the profile names authors, for the report."""
    year = document.date[:4]
    entries = [_entry("innards", ["The {Innards} developers"], PROGRAM, year, f"Version {document.version}")]
    if document.theme.authors:
        names = [_name(author) for author in document.theme.authors]
        note = f"Made with Innards {document.version}"
        entries.insert(0, _entry("innards-report", names, document.title, year, note))
    return "\n\n".join(entries) + "\n"


def _entry(key: str, authors: list[str], title: str, year: str, note: str) -> str:
    fields = {"author": " and ".join(authors), "title": f"{{{_bibtex(title)}}}", "year": year, "note": note}
    lines = "".join(f"  {name:<6} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{lines}}}"


def _name(author: str) -> str:
    """A name in braces if BibTeX would take it for several people."""
    name = _bibtex(author)
    return f"{{{name}}}" if " and " in name.lower() or "," in name else name


def _bibtex(text: str) -> str:
    """LaTeX without bare braces, which BibTeX counts even if they are escaped; other scripts stay in UTF-8."""
    return "".join(map(_character, " ".join(text.split())))


def _character(character: str) -> str:
    if character in "{}":
        return r"\textbraceleft{}" if character == "{" else r"\textbraceright{}"
    escaped = escape(character) if character != " " else character
    return character if escaped.startswith("{[}U+") and character.isprintable() else escaped
