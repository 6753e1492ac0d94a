"""One figure for every medium: how it is drawn, and what captions and scripts say about it."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from bench.render.kit.fonts import families
from bench.render.kit.lines import ClippedLine
from bench.render.kit.names import cut
from bench.render.kit.style import MUTED, Medium
from bench.render.kit.table import Table

GALLERIES = ("gallery", "looks")  # tools of figures of pictures
DOTS = 133  # per inch of a PNG: 1200 pixels across a wide page
BOLD_LETTER = 0.66  # average width of a title's letters, in units of the font's size


@dataclass(frozen=True)
class Mark:
    """A part of a drawing that shows one result: a tooltip's text, and data for scripts."""

    label: str
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Sheet:
    """A drawing in the making.

    Attributes:
        drawing: matplotlib's figure.
        marks: by group id.
        cuts: inches from the top where a page may end.
    """

    medium: Medium
    drawing: Drawing
    marks: dict[str, Mark] = field(default_factory=dict)
    cuts: tuple[float, ...] = ()

    @property
    def pages(self) -> list[tuple[float, float]]:
        """Top and bottom of each page in inches from the drawing's top, as few as fit."""
        # Greedy: a page ends at the last cut before it would grow taller than the medium allows, which gives the
        # fewest pages. A single panel that is too tall gets a page of its own and is not cut.
        pages, top, height = [], 0.0, float(self.drawing.get_figheight())
        for cut_here, next_cut in zip(self.cuts, (*self.cuts[1:], height)):
            if next_cut - top > self.medium.tallest:
                pages.append((top, cut_here))
                top = cut_here
        return [*pages, (top, height)]

    def mark(self, artist: Artist, label: str, *others: Artist, **data: str) -> None:
        """Tag an artist with its result, so that a page's script finds it.

        Args:
            others: artists of the same result, such as its interval. A page holds one mark for those that are drawn
                one after another.
        """
        name = f"mark-{len(self.marks)}"
        for index, part in enumerate((artist, *others)):
            of_part = f"{name}.{index}" if index else name
            part.set_gid(of_part)
            self.marks[of_part] = Mark("" if index else label, data)


@dataclass(frozen=True)
class Figure:
    """A figure as every writer gets it.

    Attributes:
        id: anchor, label and file name.
        caption: what it shows, in at most 35 words with the finding.
        finding: what it shows, in a sentence that goes before the caption in bold; empty if the caption says it.
        details: how to read it, intervals and tests, folded away on a page and a note in print.
        alt: what it shows, in a sentence or two, for readers who cannot see it.
        paint: draws it for a medium; called within that medium's settings.
        tables: ids of the tables that hold every plotted value.
        tools: name of the controls that a script may add; empty if none.
        option: which of several drawings of one question it is, as "pooled features"; a page shows one at a time.
        network: the one network that it shows, on the story; empty if it shows all.
        summary: the few numbers that a reader who cannot see it needs, as a short table behind it.
    """

    id: str
    title: str
    caption: str
    alt: str
    paint: Callable[[Medium], Sheet]
    tables: tuple[str, ...]
    tools: str = ""
    network: str = ""
    option: str = ""
    finding: str = ""
    details: str = ""
    summary: Table | None = None

    @property
    def gallery(self) -> bool:
        """Whether it shows pictures, which are too many for a column of a paper."""
        return self.tools in GALLERIES

    def draw(self, medium: Medium) -> Sheet:
        """Draw it for one medium."""
        with _settings(medium):
            return self.paint(medium)

    def written(self, medium: Medium, forms: Sequence[str]) -> dict[str, Any]:
        """Paint it once and write it in several forms, the same bytes every time.

        Args:
            forms: names of the methods below; what each returns is the value of its name.
        """
        with _settings(medium):
            sheet = self._prepared(medium)
            made = {form: _FORMS[form](sheet) for form in forms if form != "whole"}
            if "whole" in forms:
                made["whole"] = self._on_one_page(sheet, made.get("pages", []))
            return made

    def _prepared(self, medium: Medium) -> Sheet:
        """The painted sheet, ready to be written."""
        sheet = self.paint(medium)
        for axis in (axis for panel in sheet.drawing.axes for axis in (panel.xaxis, panel.yaxis)):
            if not axis.get_label_text():
                axis.set_label_coords(0, 0)  # spares matplotlib the search for room among the ticks
        return sheet

    # What may be taller is laid out with more room, so that a drawing of several pages is painted again.
    def _on_one_page(self, sheet: Sheet, pages: list[bytes]) -> list[bytes]:
        if len(sheet.pages) > 1:
            return _pages(self._prepared(replace(sheet.medium, tallest=float("inf"))))
        return pages or _pages(sheet)

    def svg(self, medium: Medium) -> tuple[str, Mapping[str, Mark]]:
        """Write SVG; return it with its marks."""
        return self.written(medium, ["svg"])["svg"]

    def pages(self, medium: Medium) -> list[bytes]:
        """Write PDFs with Type 42 fonts, one per page of the medium."""
        return self.written(medium, ["pages"])["pages"]

    def whole(self, medium: Medium) -> list[bytes]:
        """Write a PDF of one page, however tall the drawing is."""
        return self.written(medium, ["whole"])["whole"]

    def png(self, medium: Medium) -> bytes:
        """Write a PNG on white with `DOTS` per inch."""
        return self.written(medium, ["png"])["png"]


def _svg(sheet: Sheet) -> tuple[str, Mapping[str, Mark]]:
    buffer = io.StringIO()
    sheet.drawing.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue(), sheet.marks


def _pages(sheet: Sheet) -> list[bytes]:
    # One drawing is saved several times through boxes of its pages. Panels outside a box are hidden, because the PDF
    # would hold them beyond its edge: the file grows, and text search finds words that no page shows. The creation
    # date is left out, so that the same figure gives the same bytes.
    width, height = sheet.drawing.get_size_inches()
    pages = []
    for above, below in sheet.pages:
        box = Bbox([[0, height - below], [width, height - above]])
        for panel in sheet.drawing.axes:
            bottom, top = (1 - panel.get_position().get_points()[:, 1]) * height
            panel.set_visible(bool(top < below and bottom > above))
        buffer = io.BytesIO()
        sheet.drawing.savefig(buffer, format="pdf", metadata={"CreationDate": None}, bbox_inches=box)
        pages.append(buffer.getvalue())
    for panel in sheet.drawing.axes:
        panel.set_visible(True)
    return pages


def _png(sheet: Sheet) -> bytes:
    buffer = io.BytesIO()
    # The program's name holds matplotlib's version, with which the bytes would change.
    sheet.drawing.savefig(buffer, format="png", metadata={"Software": None}, dpi=DOTS, facecolor="white")
    return buffer.getvalue()


_FORMS: dict[str, Callable[[Sheet], Any]] = {"svg": _svg, "pages": _pages, "png": _png}


@contextlib.contextmanager
def _settings(medium: Medium) -> Iterator[None]:
    """Apply the medium's settings, and silence warnings about characters that the font lacks."""
    with mpl.rc_context(medium.settings | {"font.family": families(medium.face)}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def points_across(panel: Axes) -> float:
    """Width of a panel in pt."""
    return float(panel.get_window_extent().width / panel.figure.get_dpi() * 72)


def line(panel: Axes, x: Sequence[float], y: Sequence[float], **style: Any) -> Line2D:
    """Draw a line or markers on a panel whose limits stand: `Axes.plot` without its search for new ones."""
    # A figure of 40 methods has hundreds of such artists, each a mark of its own, and plotting them takes longer than
    # writing the file.
    artist = ClippedLine(x, y, **{"solid_capstyle": "butt"} | style)
    panel.add_artist(artist)
    return artist


def title(panel: Axes, text: str) -> None:
    """Set a panel's title: smaller if it is too long, and cut if even the least size is too wide."""
    # The width is estimated from the average letter, since measuring text needs a renderer. A title shrinks by up to a
    # fifth, not below 6 pt; what is still too wide loses its middle (`cut`).
    room = points_across(panel)
    usual = float(panel.title.get_fontsize())
    size = min(usual, max(room / (BOLD_LETTER * max(len(text), 1)), 6.0, 0.8 * usual))
    panel.set_title(cut(text, max(int(room / (BOLD_LETTER * size)), 8)), fontsize=size)


def note(
    panel: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], medium: Medium, **options: Any
) -> None:
    """Write small text at a point of a panel, moved by an offset in pt; `options` are those of `Axes.annotate`."""
    style: dict[str, Any] = {"fontsize": medium.small, "color": MUTED}
    panel.annotate(text, at, offset, textcoords="offset points", **style | options)


def apart(ticks: Iterable[float], position: Callable[[float], float], gap: float) -> list[float]:
    """Keep the ticks, in order of importance, whose positions are at least a gap from all that are kept before."""
    kept: list[float] = []
    for tick in ticks:
        if all(abs(position(tick) - position(other)) >= gap for other in kept):
            kept.append(tick)
    return kept


def empty(medium: Medium, height: float) -> Sheet:
    """A sheet of the medium's width without panels; `height` in inches."""
    drawing = Drawing(figsize=(medium.width, height))
    FigureCanvasAgg(drawing)
    return Sheet(medium, drawing)


def inset(sheet: Sheet, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add a panel; all lengths in inches from the lower left."""
    wide, tall = sheet.drawing.get_size_inches()
    return sheet.drawing.add_axes((left / wide, bottom / tall, width / wide, height / tall))


def blank(medium: Medium, height: float) -> tuple[Sheet, Axes]:
    """A sheet with one panel that covers it, without axes; its coordinates are inches from the lower left."""
    sheet = empty(medium, height)
    panel = sheet.drawing.add_axes((0, 0, 1, 1))
    panel.set_axis_off()
    panel.set(xlim=(0, medium.width), ylim=(0, height), autoscale_on=False)
    return sheet, panel


def picture(panel: Axes, pixels: Any, left: float, bottom: float, width: float, height: float, **options: Any) -> Any:
    """Show an image with sharp pixels on a `blank` panel; `options` are those of `Axes.imshow`."""
    extent = (left, left + width, bottom, bottom + height)
    return panel.imshow(pixels, extent=extent, aspect="auto", interpolation="none", **options)


def panels(
    medium: Medium,
    count: int,
    height: float,
    *,
    columns: int | None = None,
    left: float = 0.55,
    right: float = 0.12,
    top: float = 0.32,
    bottom: float = 0.48,
    foot: float = 0.0,
) -> tuple[Sheet, list[Axes]]:
    """A sheet with panels of one size, row by row.

    Args:
        height: of a panel with its margins.
        columns: most panels side by side; None for the medium's own limit.
        left, right, top, bottom: margins of each panel.
        foot: room below all panels.

    All lengths are inches at the wide medium's font size, and grow with the medium's.
    """
    # Margins hold text, so they grow with the font; the width is the medium's, and what margins leave of it is for
    # data. A page may end between two rows of panels.
    across = max(min(columns or medium.columns, count), 1)
    down = max(-(-count // across), 1)
    left, right, top, bottom, foot, height = (
        length * medium.grow for length in (left, right, top, bottom, foot, height)
    )
    tall, width = height * down + foot, medium.width / across
    sheet = empty(medium, tall)
    sheet.cuts = tuple(height * row for row in range(1, down))
    axes = []
    for index in range(count):
        row, column = divmod(index, across)
        box = (
            (column * width + left) / medium.width,
            1 - ((row + 1) * height - bottom) / tall,
            (width - left - right) / medium.width,
            (height - top - bottom) / tall,
        )
        axes.append(sheet.drawing.add_axes(box))
    return sheet, axes
