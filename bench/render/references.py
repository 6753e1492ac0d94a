"""The papers behind methods and measures: a small reader of BibTeX, so that every writer can cite them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BENCH = Path(__file__).parents[1]
VENUES = ("journal", "booktitle", "institution", "howpublished")
_ENTRY = re.compile(r"@(\w+)\s*\{\s*([^,\s]+)\s*,")
_FIELD = re.compile(r"(\w+)\s*=\s*")
_QUOTED = re.compile(r'"((?:\{\\?"|[^"])*)"')  # a quotation mark inside is that of an accent, in braces
_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "v": "\u030c", "c": "\u0327"}


@dataclass(frozen=True)
class Publication:
    """One paper: as BibTeX has it, and as text."""

    key: str
    bibtex: str
    author: str
    title: str
    venue: str
    year: str
    link: str

    @property
    def short(self) -> str:
        """Author and year, for a citation in text."""
        names = [name.split(",")[0].strip() for name in self.author.split(" and ")]
        who = names[0] if len(names) == 1 else " and ".join(names) if len(names) == 2 else f"{names[0]} et al."
        return f"{who} {self.year}"

    @property
    def people(self) -> str:
        """All authors, first names first."""
        names = [" ".join(reversed([part.strip() for part in name.split(",")])) for name in self.author.split(" and ")]
        return ", ".join(names)


def references(keys: Iterable[str], bibtex: str = "") -> tuple[Publication, ...]:
    """The papers of those keys that a bibliography has, by author and year.

    Args:
        bibtex: entries that methods and diagnostics carry themselves.
    """
    papers = {reference.key: reference for reference in parse(bibtex)} | library()
    cited = {key: papers[key] for key in keys if key in papers}
    return tuple(sorted(cited.values(), key=lambda reference: (reference.short.lower(), reference.key)))


@cache
def library() -> dict[str, Publication]:
    """Every paper of every room's bibliography; the first that has a key wins."""
    papers: dict[str, Publication] = {}
    for file in sorted(BENCH.glob("*/references.bib")):
        for reference in parse(file.read_text(encoding="utf-8")):
            papers.setdefault(reference.key, reference)
    return papers


def parse(bibtex: str) -> Iterator[Publication]:
    """The entries of a BibTeX text."""
    for entry in _ENTRY.finditer(bibtex):
        end = _closing(bibtex, bibtex.index("{", entry.start()))
        fields = _fields(bibtex[entry.end() : end])
        yield Publication(
            key=entry[2],
            bibtex=bibtex[entry.start() : end + 1],
            author=fields.get("author", ""),
            title=fields.get("title", ""),
            venue=next((fields[field] for field in VENUES if fields.get(field)), ""),
            year=fields.get("year", ""),
            link=_link(fields),
        )


def _fields(body: str) -> dict[str, str]:
    """Fields of an entry, by name in lower case."""
    # A regular expression cannot match nested braces, so it finds only where a field starts. A value in braces ends
    # where they close; the next field is looked for behind it, since a title may hold what looks like a field.
    fields, position = {}, 0
    while name := _FIELD.search(body, position):
        start = name.end()
        if body[start : start + 1] == "{":
            end = _closing(body, start)
            value, position = body[start + 1 : end], end + 1
        elif quoted := _QUOTED.match(body, start):
            value, position = quoted[1], quoted.end()
        else:
            value = re.split(r"[,\n]", body[start:], maxsplit=1)[0].strip().strip('"')
            position = start + len(value)
        fields[name[1].lower()] = plain(value)
    return fields


def _closing(text: str, opening: int) -> int:
    """Index of the brace that closes the one at `opening`; the text's length if none does."""
    depth = 0
    for index in range(opening, len(text)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index
    return len(text)


def plain(value: str) -> str:
    """BibTeX as text, with accents composed and without braces and line breaks.

    >>> plain('Gr{\\\\"o}{\\\\ss}er and  {CNN}s')
    'Größer and CNNs'
    """
    for command, character in (("\\ss", "ß"), ("\\&", "&"), ("--", "–"), ("``", "“"), ("''", "”")):
        value = value.replace(command, character)
    value = re.sub(
        r"""\\(['`^"~vc])\s*\{?\\?([A-Za-z])\}?""",
        lambda accented: unicodedata.normalize("NFC", accented[2] + _ACCENTS[accented[1]]),
        value,
    )
    value = re.sub(r"\\([%$#_])", r"\1", value)
    return re.sub(r"\s+", " ", re.sub(r"[{}]", "", value)).strip()


def _link(fields: dict[str, str]) -> str:
    if fields.get("doi"):
        return f"https://doi.org/{fields['doi']}"
    if fields.get("eprint"):
        return f"https://arxiv.org/abs/{fields['eprint']}"
    return fields.get("url", "")
