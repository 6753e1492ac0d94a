"""One figure source for every medium: what is drawn, and what scripts and captions need to know of it."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing
from matplotlib.transforms import Bbox

from bench.render.kit.fonts import families
from bench.render.kit.names import cut
from bench.render.kit.style import Medium

DOTS = 133  # an inch of a PNG: 1200 pixels across a wide page
BOLD_LETTER = 0.66  # width of a letter of a title, in units of the font's size


@dataclass(frozen=True)
class Mark:
    """Something in a drawing that is about one result: text for a tooltip, and data for scripts."""

    label: str
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Sheet:
    """A drawing on its way.

    Attributes:
        drawing: the figure.
        marks: by group id.
        cuts: inches from the top at which it may be divided into pages.
    """

    medium: Medium
    drawing: Drawing
    marks: dict[str, Mark] = field(default_factory=dict)
    cuts: tuple[float, ...] = ()

    @property
    def pages(self) -> list[tuple[float, float]]:
        """From where to where, inches from the top, each page goes: as few as fit."""
        found, top, height = [], 0.0, float(self.drawing.get_figheight())
        for place, following in zip(self.cuts, (*self.cuts[1:], height)):
            if following - top > self.medium.tallest:
                found.append((top, place))
                top = place
        return [*found, (top, height)]

    def mark(self, artist: Artist, label: str, **data: str) -> None:
        """Let an artist be found again in the drawing."""
        name = f"mark-{len(self.marks)}"
        artist.set_gid(name)
        self.marks[name] = Mark(label, data)


@dataclass(frozen=True)
class Figure:
    """A figure as every writer gets it.

    Attributes:
        id: anchor, label and file name.
        caption: all sentences, complete with n, unit, interval, test and version.
        alt: what it shows, in a sentence or two, for who cannot see it.
        paint: draws it on a sheet of a medium; called within that medium's settings.
        tables: ids of the tables that hold every plotted value.
        tools: name of the controls that a script may add; empty for none.
    """

    id: str
    title: str
    caption: str
    alt: str
    paint: Callable[[Medium], Sheet]
    tables: tuple[str, ...]
    tools: str = ""

    @property
    def gallery(self) -> bool:
        """Whether it shows pictures, too many for a column."""
        return self.tools == "gallery"

    def draw(self, medium: Medium) -> Sheet:
        """The drawing for one medium."""
        with _settings(medium):
            return self.paint(medium)

    def written(self, medium: Medium, forms: Sequence[str]) -> dict[str, Any]:
        """Painted once, and written in forms: what the methods of these names give, the same bytes every time."""
        with _settings(medium):
            sheet = self.paint(medium)
            for axis in (axis for panel in sheet.drawing.axes for axis in (panel.xaxis, panel.yaxis)):
                if not axis.get_label_text():
                    axis.set_label_coords(0, 0)  # else matplotlib looks for room for it among the ticks
            return {form: _FORMS[form](sheet) for form in forms}

    def svg(self, medium: Medium) -> tuple[str, Mapping[str, Mark]]:
        """As SVG, and its marks."""
        found: tuple[str, Mapping[str, Mark]] = self.written(medium, ["svg"])["svg"]
        return found

    def pages(self, medium: Medium) -> list[bytes]:
        """As PDF with Type 42 fonts, one for each page of the medium that it fills: one where it fits."""
        found: list[bytes] = self.written(medium, ["pages"])["pages"]
        return found

    def png(self, medium: Medium) -> bytes:
        """As PNG on white, at `DOTS` an inch."""
        found: bytes = self.written(medium, ["png"])["png"]
        return found


def _svg(sheet: Sheet) -> tuple[str, Mapping[str, Mark]]:
    buffer = io.StringIO()
    sheet.drawing.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue(), sheet.marks


def _pages(sheet: Sheet) -> list[bytes]:
    """Without the date, which would differ."""
    width, height = sheet.drawing.get_size_inches()
    found = []
    for above, below in sheet.pages:
        box = Bbox([[0, height - below], [width, height - above]])
        for panel in sheet.drawing.axes:
            bottom, top = (1 - panel.get_position().get_points()[:, 1]) * height
            panel.set_visible(bool(top < below and bottom > above))
        buffer = io.BytesIO()
        sheet.drawing.savefig(buffer, format="pdf", metadata={"CreationDate": None}, bbox_inches=box)
        found.append(buffer.getvalue())
    for panel in sheet.drawing.axes:
        panel.set_visible(True)
    return found


def _png(sheet: Sheet) -> bytes:
    """Without the program's name, which would differ."""
    buffer = io.BytesIO()
    sheet.drawing.savefig(buffer, format="png", metadata={"Software": None}, dpi=DOTS, facecolor="white")
    return buffer.getvalue()


_FORMS: dict[str, Callable[[Sheet], Any]] = {"svg": _svg, "pages": _pages, "png": _png}


@contextlib.contextmanager
def _settings(medium: Medium) -> Iterator[None]:
    """The medium's, and silence about characters that its font lacks."""
    with mpl.rc_context(medium.settings | {"font.family": families()}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def title(panel: Axes, text: str) -> None:
    """A panel's title; smaller where it is too long, and at 6 pt cut to the panel's width."""
    room = panel.get_window_extent().width / panel.figure.get_dpi() * 72
    usual = float(panel.title.get_fontsize())
    size = min(usual, max(room / (BOLD_LETTER * max(len(text), 1)), 6.0, 0.8 * usual))
    panel.set_title(cut(text, max(int(room / (BOLD_LETTER * size)), 8)), fontsize=size)


def blank(medium: Medium, height: float) -> tuple[Sheet, Axes]:
    """A sheet with one panel over all of it, in inches from the lower left and without axes."""
    drawing = Drawing(figsize=(medium.width, height))
    FigureCanvasAgg(drawing)
    panel = drawing.add_axes((0, 0, 1, 1))
    panel.set_axis_off()
    panel.set(xlim=(0, medium.width), ylim=(0, height), autoscale_on=False)
    return Sheet(medium, drawing), panel


def picture(panel: Axes, pixels: Any, left: float, bottom: float, width: float, height: float, **options: Any) -> Any:
    """An image on a `blank` panel, with sharp pixels; `options` are those of `Axes.imshow`."""
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
    scale: bool = True,
) -> tuple[Sheet, list[Axes]]:
    """A sheet with panels of one size, row by row.

    Args:
        height: of a panel with its margins, inches at the wide medium's font size.
        columns: most panels side by side; the medium's own where None.
        left, right, top, bottom: inches around each panel; they grow with the font.
        foot: inches below all panels; it grows too.
    """
    across = max(min(columns or medium.columns, count), 1)
    down = max(-(-count // across), 1)
    grow = medium.font / 8.4 if scale else 1.0
    left, right, top, bottom, foot, height = (value * grow for value in (left, right, top, bottom, foot, height))
    whole = height * down + foot
    drawing = Drawing(figsize=(medium.width, whole))
    FigureCanvasAgg(drawing)
    width = medium.width / across
    axes = [
        drawing.add_axes(
            (
                (place % across * width + left) / medium.width,
                1 - ((place // across + 1) * height - bottom) / whole,
                (width - left - right) / medium.width,
                (height - top - bottom) / whole,
            )
        )
        for place in range(count)
    ]
    return Sheet(medium, drawing, cuts=tuple(height * row for row in range(1, down))), axes
