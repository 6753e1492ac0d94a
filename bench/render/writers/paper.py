"""`report/figures/paper/`: the figures that belong in a paper's text, their captions as macros, and snippets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from bench.render.document import Document, Part
from bench.render.kit.figure import Figure
from bench.render.kit.style import PAPER_MEDIA
from bench.render.writers.captioning import Caption, captioned, shared
from bench.render.writers.overrides import Templates, explained

FOLDER = "figures/paper"
MOST_PANELS = 6  # networks of one figure: two beside each other, three below one another on a page


@dataclass(frozen=True)
class Snippet:
    """One `\\input` of a paper.

    Attributes:
        id: of its caption, and its file's name.
        panels: ids of its drawings; more than one stand side by side over a text's whole width.
    """

    id: str
    panels: tuple[str, ...]
    caption: Caption


def write(document: Document, out: Path, environment: Environment, files: Templates) -> None:
    """Write the drawings in two faces and three widths, `captions.tex`, and the snippets."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for figure in _figures(document):
        for drawn in document.drawings.paper(figure).values():
            for name, page in drawn.items():
                (folder / name).write_bytes(page)
    made = snippets(document)
    for name, template, values in (
        ("captions", "captions", {"snippets": made, "document": document}),
        *((snippet.id, "snippet", {"snippet": snippet}) for snippet in made),
    ):
        with explained(files):
            text = environment.get_template(f"{template}.tex.j2").render(values)
        (folder / f"{name}.tex").write_text(text, encoding="utf-8")


def names(document: Document) -> list[str]:
    """Names of all files in `FOLDER`."""
    made = snippets(document)
    drawn = (document.drawings.paper(figure) for figure in _figures(document))
    pages = [name for media in drawn for medium in PAPER_MEDIA for name in media[medium]]
    return [*pages, *(["captions.tex"] if made else []), *(f"{snippet.id}.tex" for snippet in made)]


def snippets(document: Document) -> list[Snippet]:
    """One per figure, and one with all networks side by side."""
    return [snippet for part in document.parts for snippet in _snippets(part)]


def _snippets(part: Part) -> Iterator[Snippet]:
    for name, figures in part.paper.items():
        for figure in figures:
            yield Snippet(figure.id, (figure.id,), captioned(figure))
        if 1 < len(figures) <= MOST_PANELS:
            yield Snippet(f"{part.prefix}{name}", tuple(figure.id for figure in figures), shared(figures))


def _figures(document: Document) -> Sequence[Figure]:
    return [figure for part in document.parts for figures in part.paper.values() for figure in figures]
