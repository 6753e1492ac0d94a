"""How to cite the report, and the program that made it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bench.render.writers.tex import escape

if TYPE_CHECKING:
    from bench.render.document import Document

PROGRAM = "Innards: what compression costs a convolutional network, and what it does to its inside"


REPORT = "innards-report"
SHOWN = 12  # first digits of a commit, which git takes for the whole
MOST = 3  # commits that are named


def citation(document: Document) -> str:
    """BibTeX entries for the report, with or without authors, and for Innards."""
    year, names = document.date[:4], [_name(author) for author in document.theme.authors]
    note = f"{_bibtex(origin(document))}. Made with Innards {document.version}"
    report = _entry(REPORT, names, document.title, year, note)
    program = _entry("innards", ["The {Innards} developers"], PROGRAM, year, f"Version {document.version}")
    return f"{report}\n\n{program}\n"


def credit(document: Document) -> str:
    """How to cite the report, in plain words."""
    authors = f"{', '.join(document.theme.authors)}. " if document.theme.authors else ""
    title = document.title if document.title.endswith((".", "?", "!")) else f"{document.title}."
    return f"{authors}{title} {origin(document)}. Made with Innards {document.version}. BibTeX entry: citation.bib."


def origin(document: Document) -> str:
    """Profile, date and commit of the report's numbers.

    A report renders runs: its date is that of their last cell, and its commit that of the code which computed them.
    """
    names = [part.name for part in document.parts]
    commits = _commits(commit for part in document.parts for commit in part.study.results.commits)
    profiles = f"Profile{'s' if len(names) > 1 else ''} {', '.join(names)}"
    return ", ".join(filter(None, (profiles, document.date, commits)))


def _commits(commits: Iterable[str]) -> str:
    known = sorted({commit[:SHOWN] for commit in commits})
    if not known:
        return ""
    more = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return f"commit{'s' if len(known) > 1 else ''} {', '.join(known[:MOST])}{more}"


def _entry(key: str, authors: list[str], title: str, year: str, note: str) -> str:
    # Styles sort and name an entry without authors by its `key`.
    fields = {
        "author": " and ".join(authors), "key": "" if authors else "Innards report",
        "title": f"{{{_bibtex(title)}}}", "year": year, "note": note,
    }  # fmt: skip
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
