"""`report/index.html`: one offline file with its style, script and drawings in it, under a strict policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bench.render.document import Document, Item
from bench.render.kit.dataset import Dataset
from bench.render.kit.figure import Figure
from bench.render.kit.prose import Cite, Strong, text
from bench.render.kit.style import GUEST_MARKERS, NARROW, VARIABLES, WIDE, Family
from bench.render.kit.table import Table, show
from bench.render.writers.citation import citation
from bench.render.writers.overrides import Templates, explained
from bench.render.writers.svg import StyleSheet, inline

PREVIEW = "figures/preview.png"
LARGEST_LOGO = 1_000_000  # bytes
LONG = 40  # most rows of a table that starts unfolded
LONGEST = 1000  # most rows of a table that is printed; a longer one is in the data files alone


@dataclass(frozen=True)
class Drawn:
    """A figure's drawings for a wide and a narrow page."""

    wide: Markup
    narrow: Markup


def write(document: Document, out: Path, *, pdf: bool, templates: Path | None = None) -> None:
    """Write `out/index.html`, and the preview that other sites show beside a link to it.

    Args:
        pdf: whether there is an `appendix.pdf` to link to.
        templates: the user's own, see `overrides`.
    """
    (out / "index.html").write_text(page(document, pdf=pdf, templates=templates), encoding="utf-8")
    heroes = [part.hero for part in document.parts if part.hero]
    if heroes:
        (out / "figures").mkdir(exist_ok=True)
        (out / PREVIEW).write_bytes(document.drawings.preview(heroes[0]))


def page(document: Document, *, pdf: bool, templates: Path | None = None) -> str:
    """The page as HTML."""
    files = Templates("html", templates)
    sheet = StyleSheet()
    drawings = {figure.id: _drawn(document, figure, sheet) for figure in document.figures}
    style = files.source("style.css") + _guests(document.guests, files) + sheet.css + _accent(document.theme.accent)
    script = files.source("script.js")
    environment = _environment(files)
    with explained(files):
        return environment.get_template("index.html.j2").render(
            document=document,
            drawings=drawings,
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
            logo=_logo(document.theme.logo),
            pdf=pdf,
            preview=PREVIEW if any(part.hero for part in document.parts) else "",
            citation=citation(document),
            description=text(document.parts[0].summary[0]),
            citations={reference.key: reference for reference in document.references},
            papers=document.drawings.files,
        )


def _environment(files: Templates) -> Environment:
    environment = Environment(
        loader=files.loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(show=show, long=LONG, longest=LONGEST)
    environment.tests["figure"] = lambda item: isinstance(item, Figure)
    environment.tests["table"] = lambda item: isinstance(item, Table | Dataset)
    environment.tests["citation"] = lambda part: isinstance(part, Cite)
    environment.tests["strong"] = lambda part: isinstance(part, Strong)
    environment.filters["slug"] = slug
    environment.filters["attributes"] = dict
    environment.filters["starred"] = starred
    environment.filters["box"] = box
    environment.filters["wordy"] = lambda table: sum(column.is_text for column in table.shown) > 1
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


def starred(table: Table) -> set[str]:
    """Keys of the columns with stars in any cell, since all cells of such a column leave room for them."""
    return {column.key for column in table.shown if any(row[column.key].stars for row in table.rows)}


def _visible(items: tuple[Item, ...]) -> Iterator[Item]:
    return (item for item in items if isinstance(item, Figure) or not item.raw)


def _drawn(document: Document, figure: Figure, sheet: StyleSheet) -> Drawn:
    drawn = {medium.name: document.drawings.svg(figure, medium) for medium in (WIDE, NARROW)}
    return Drawn(*(Markup(inline(*drawing, f"{figure.id}-{name}", sheet)) for name, drawing in drawn.items()))


def _guests(families: dict[str, Family], files: Templates) -> str:
    """Colours and shapes of the families that are not of Innards, for the markers in tables and cards."""
    rules = (
        f'.family-{slug(name)}{{--family:var({VARIABLES[family.color]});--shape:"{GUEST_MARKERS[family.marker]}"}}'
        for name, family in families.items()
    )
    return files.source("guests.css") + "\n".join(rules) if families else ""


def _accent(color: str) -> str:
    return f":root{{--accent:{color}}}" if re.fullmatch(r"#[0-9a-fA-F]{6}", color) else ""


def _policy(style: str, script: str) -> str:
    """The content security policy: nothing is loaded, and only this very style and script apply."""
    hashes = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in (("style", style), ("script", script))
    }
    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'"
    )


def _logo(path: str) -> str:
    """A small PNG or JPEG as a data URI; empty if the file is missing, too large or of another kind."""
    file = Path(path)
    kind = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}.get(file.suffix.lower())
    if not path or not kind or not file.is_file() or file.stat().st_size > LARGEST_LOGO:
        return ""
    return f"data:image/{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
