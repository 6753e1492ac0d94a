"""The pages of a report: offline files with style, script and drawings in them, under a strict policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bench.analysis import wording
from bench.render.document import Document, Item, Part
from bench.render.kit.dataset import Dataset
from bench.render.kit.figure import Figure
from bench.render.kit.prose import Cite, Strong, text
from bench.render.kit.style import GUEST_MARKERS, NARROW, VARIABLES, WIDE, Family
from bench.render.kit.table import Table, show
from bench.render.story import page_data, terms
from bench.render.writers.cards import labels, of_heads, of_summaries
from bench.render.writers.citation import citation
from bench.render.writers.overrides import TEMPLATES, Templates, explained
from bench.render.writers.svg import StyleSheet, inline, twin
from bench.task import with_unit

PREVIEW = "figures/preview.png"
TYPEFACE = "text.woff2"
LARGEST_LOGO = 1_000_000  # bytes
LONG = 12  # most rows of a table that starts unfolded
LONGEST = 1000  # most rows of a table that is printed; a longer one is in the data files alone


@dataclass(frozen=True)
class Drawn:
    """A figure's drawings for a wide and a narrow page."""

    wide: Markup
    narrow: Markup


def write(document: Document, out: Path, *, pdf: bool, templates: Path | None = None) -> None:
    """Write `out/index.html` and `out/details.html`, and the preview that other sites show beside a link to them.

    Args:
        pdf: whether there is an `appendix.pdf` to link to.
        templates: the user's own, see `overrides`.
    """
    for name, page in pages(document, pdf=pdf, templates=templates).items():
        (out / name).write_text(page, encoding="utf-8")
    heroes = [part.hero for part in document.parts if part.hero]
    if heroes:
        (out / "figures").mkdir(exist_ok=True)
        (out / PREVIEW).write_bytes(document.drawings.preview(heroes[0]))


def pages(document: Document, *, pdf: bool, templates: Path | None = None) -> dict[str, str]:
    """The pages as HTML, by file name: the story, and the details behind it."""
    files = Templates("html", templates)
    environment = _environment(files)
    writer = _Writer(document, files, environment, pdf)
    with explained(files):
        several = {} if len(document.parts) == 1 else {"index.html": writer.page("matrix")}
        stories = {part.page: writer.page("index", part) for part in document.parts}
        return several | stories | {"details.html": writer.page("details")}


@dataclass(frozen=True)
class _Writer:
    """Fills the templates of one document."""

    document: Document
    files: Templates
    environment: Environment
    pdf: bool

    def page(self, kind: str, part: Part | None = None) -> str:
        """One page: `kind` names its template, and its script and style beside those of all pages.

        Args:
            part: the profile whose story it tells.
        """
        document, sheet = self.document, StyleSheet()
        picks = part.story.picks if part else {}
        drawings = {
            figure.id: _drawn(document, figure, sheet, picks.get(figure.network, {}))
            for figure in self._figures(kind, part)
        }
        style = "\n".join(
            [
                _typeface(),
                self.files.source("style.css"),
                *self._of_tables(kind, part),
                self.files.source(f"{kind}.css"),
                _guests(document.guests, self.files),
                _switch(len(part.story.networks)) if part else "",
                _switch(_most_options(part.story.chapters), "option") if part else "",
                sheet.css,
                _accent(document.theme.accent),
            ]
        )
        tables = self.files.source("tables.js") if self._tables(kind) else ""
        script = self.files.source("common.js") + tables + self.files.source(f"{kind}.js")
        page = self.environment.get_template(f"{kind}.html.j2").render(
            document=document,
            kind=kind,
            heading=document.title,
            drawings=drawings,
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
            logo=_logo(document.theme.logo),
            pdf=self.pdf,
            preview=PREVIEW if any(part.hero for part in document.parts) else "",
            citation=citation(document),
            description=text(document.parts[0].summary[0]),
            citations={reference.key: reference for reference in document.references},
            papers=document.drawings.files,
            written={table.id for table in document.data},
            part=part,
            story=part.story if part else None,
        )
        classifies = any(each.study.plan.task.classifies for each in document.parts)
        page = terms.explained(page, classifies=classifies)
        return numbered(page, part.story.data.get("labels", ())) if part else page

    def _tables(self, kind: str) -> list[Table]:
        """Those that a page prints."""
        together = self.document.together.items if self.document.together else ()
        return [table for table in self.document.tables if table not in together] if kind == "details" else []

    def _of_tables(self, kind: str, part: Part | None) -> list[str]:
        """The style of a page's tables; none for a page without any."""
        if part:
            return [of_summaries(figure.summary for figure in part.story.figures if figure.summary)]
        if kind == "matrix":
            profiles = ["", *(part.name for part in self.document.parts)]
            return [self.files.source("tables.css"), of_heads("matrix", profiles)]
        tables = self._tables(kind)
        return [self.files.source("tables.css"), labels(tables)] if tables else []

    def _figures(self, kind: str, part: Part | None) -> list[Figure]:
        """Those of a profile's story, or else of the details; the matrix has none."""
        if part:
            return list(part.story.figures)
        stories = {figure.id for each in self.document.parts for figure in each.story.figures}
        return [figure for figure in self.document.figures if figure.id not in stories] if kind == "details" else []


def _environment(files: Templates) -> Environment:
    environment = Environment(
        loader=files.loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    environment.globals.update(show=show, long=LONG, longest=LONGEST)
    environment.globals.update(decimal=wording.decimal, with_unit=with_unit)
    environment.globals.update(size=wording.size, in_budget=wording.budget)
    environment.tests["figure"] = lambda item: isinstance(item, Figure)
    environment.tests["gallery"] = lambda item: isinstance(item, Figure) and item.gallery
    environment.tests["table"] = lambda item: isinstance(item, Table | Dataset)
    environment.tests["citation"] = lambda part: isinstance(part, Cite)
    environment.tests["strong"] = lambda part: isinstance(part, Strong)
    environment.filters["slug"] = slug
    environment.filters["attributes"] = dict
    environment.filters["starred"] = starred
    environment.filters["box"] = box
    environment.filters["wordy"] = lambda table: sum(column.is_text for column in table.shown) > 1
    environment.filters["at"] = at
    environment.filters["card"] = page_data.card
    environment.filters["visible"] = lambda items: list(_visible(items))
    files.check(environment)
    return environment


def box(svg: str) -> str:
    """A drawing's viewBox, which keeps its room on the page until it is drawn.

    >>> box('<svg width="2" viewBox="0 0 20 10">')
    '0 0 20 10'
    """
    match = re.search(r'viewBox="([\d. -]+)"', svg)
    return match[1] if match else "0 0 1 1"


def slug(name: str) -> str:
    """A name as part of a class or an anchor.

    >>> slug("structured pruning")
    'structured-pruning'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "other"


def numbered(page: str, labels: Sequence[str]) -> str:
    """A page whose parts name their variant by its place among the labels, as a story's script reads it.

    A label is long, and a story names one more than a thousand times.

    >>> numbered('<g data-variant="k-bit:bits=4">', ["original", "k-bit:bits=4"])
    '<g data-v="1">'
    """
    places = {label: place for place, label in enumerate(labels)}

    def short(part: re.Match[str]) -> str:
        place = places.get(unescape(part[1]))
        return part[0] if place is None else f' data-v="{place}"'

    return re.sub(r' data-variant="([^"]*)"', short, page)


def at(steps: Iterable[tuple[float, Any]], limit: float) -> Any:
    """The value of a step function in ascending order; None below its first step.

    >>> at([(10, "small"), (20, "large")], 15)
    'small'
    """
    return next((value for start, value in reversed(list(steps)) if start <= limit), None)


def starred(table: Table) -> set[str]:
    """Keys of the columns with stars in any cell, since all cells of such a column leave room for them."""
    return {column.key for column in table.shown if any(row[column.key].stars for row in table.rows)}


def _visible(items: tuple[Item, ...]) -> Iterator[Item]:
    return (item for item in items if isinstance(item, Figure) or not item.raw)


def _drawn(document: Document, figure: Figure, sheet: StyleSheet, picks: Mapping[str, str]) -> Drawn:
    wide, narrow = (
        inline(*document.drawings.svg(figure, medium), sheet.prefix(), sheet, picks) for medium in (WIDE, NARROW)
    )
    return Drawn(Markup(wide), Markup(twin(narrow, wide)))


def _guests(families: dict[str, Family], files: Templates) -> str:
    """Colours and shapes of the families that are not of Innards, for the markers in tables and cards."""
    rules = (
        f'.family-{slug(name)}{{--family:var({VARIABLES[family.color]});--shape:"{GUEST_MARKERS[family.marker]}"}}'
        for name, family in families.items()
    )
    return files.source("guests.css") + "\n".join(rules) if families else ""


def _switch(count: int, kind: str = "network") -> str:
    """Rules that show one network, or option, at a time, the one whose button is checked: no script is needed."""
    if count < 2:
        return ""
    return "".join(
        f'body:has(#{kind}-{number}:checked) .of-{kind}:not([data-{kind}="{number}"]){{display:none}}'
        for number in range(count)
    )


def _most_options(chapters: Iterable[Sequence[Figure]]) -> int:
    """How many drawings of one question a reader may choose from at most, see `Figure.option`."""
    return max((len({figure.option for figure in chapter} - {""}) for chapter in chapters), default=0)


def _accent(color: str) -> str:
    return f":root{{--accent:{color}}}" if re.fullmatch(r"#[0-9a-fA-F]{6}", color) else ""


def _typeface() -> str:
    """The text's face as a rule that holds the font; see `text-OFL.txt` for what it is made of, and its licence."""
    font = base64.b64encode((TEMPLATES / "html" / TYPEFACE).read_bytes()).decode()
    return (
        '@font-face{font-family:"Innards Serif";font-weight:400 700;font-display:block;'
        f"src:url(data:font/woff2;base64,{font})}}"
    )


def _policy(style: str, script: str) -> str:
    """The content security policy: nothing is loaded, and only this very style and script apply."""
    hashes = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in (("style", style), ("script", script))
    }
    return (
        "default-src 'none'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'"
    )


def _logo(path: str) -> str:
    """A small PNG or JPEG as a data URI; empty if the file is missing, too large or of another kind."""
    file = Path(path)
    kind = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}.get(file.suffix.lower())
    if not path or not kind or not file.is_file() or file.stat().st_size > LARGEST_LOGO:
        return ""
    return f"data:image/{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
