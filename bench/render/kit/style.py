"""One visual language: a colour and a marker per family, and the media that figures are drawn for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import matplotlib as mpl

INK, MUTED, FAINT, RULE, PAPER = "#1b1d22", "#5b616b", "#9aa1ab", "#d9dce1", "#ffffff"
GOOD, BAD, UNKNOWN = "#00765a", "#b3400a", "#5c6470"


@dataclass(frozen=True)
class Family:
    """How a family of methods is drawn; colour and marker each suffice to tell it from the others."""

    name: str
    color: str
    marker: str
    size: float = 1.0  # of the marker, relative to a circle, so that all look equally large

    def marked(self, size: float) -> dict[str, Any]:
        """Line properties of one marker that is `size` points wide; a control's is hollow."""
        hollow = self.name == "control"
        return {
            "marker": self.marker,
            "markersize": self.size * size,
            "markerfacecolor": PAPER if hollow else self.color,
            "markeredgecolor": self.color if hollow else PAPER,
            "markeredgewidth": 1.1 if hollow else 0.6,
            "linestyle": "none",
        }


FAMILIES = {
    family.name: family
    for family in (
        Family("quantization", "#0067b1", "o"),
        Family("pruning", "#c04c00", "^", 1.08),
        Family("structured pruning", "#8a6100", "s", 0.9),
        Family("low rank", "#00795b", "D", 0.85),
        Family("product quantization", "#7f459b", "h", 1.1),
        Family("binary", "#b52e68", "P", 1.05),
        Family("entropy coding", "#006f80", "X", 1.05),
        Family("control", "#686e79", "v", 1.0),
        Family("original", "#1b1d23", "*", 1.4),
    )
}
OTHER = Family("other", "#555b66", "8")
GUEST_COLORS = ("#4d7c0f", "#4b4fc4", "#b3202a", "#7a5548")  # --family-guest-1 and so on, in templates/html/guests.css
GUEST_MARKERS = {"p": "⬟", "d": "⬧", ">": "►", "<": "◄"}  # and the same shapes in text
_guests: ContextVar[Mapping[str, Family]] = ContextVar("guests", default=MappingProxyType({}))  # see `drawn_with`

# A drawing is made once, in the colours of a light page. In the HTML page each of these colours becomes a reference to
# its CSS variable (`writers/svg.py`), which has another value on a dark page. So a colour means one thing: two names
# for one colour would follow the same variable, and a colour that is missing here stays as it is in the dark.
VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    FAINT: "--faint",
    RULE: "--rule",
    PAPER: "--paper",
    GOOD: "--good",
    BAD: "--bad",
    UNKNOWN: "--unknown",
    OTHER.color: "--family-other",
    **{color: f"--family-guest-{number}" for number, color in enumerate(GUEST_COLORS, 1)},
    **{family.color: f"--family-{name.replace(' ', '-')}" for name, family in FAMILIES.items()},
}


def family(name: str) -> Family:
    """How a family is drawn; one that is neither of Innards nor among those of `drawn_with` looks like `OTHER`."""
    return FAMILIES.get(name) or _guests.get().get(name, OTHER)


def styles(names: Iterable[str]) -> dict[str, Family]:
    """Give each family that is not of Innards a colour and a marker of its own; return them by name.

    A report styles all of its families at once: which style a family gets depends on the others, so
    that two never share both colour and marker (up to sixteen), and on their names alone, so that a profile looks the
    same every time.
    """
    colors, markers = len(GUEST_COLORS), tuple(GUEST_MARKERS)
    guests = {}
    for index, name in enumerate(sorted(set(names) - set(FAMILIES))):
        # Once the colours are used up, the markers move on by one against them.
        marker = markers[(index + index // colors) % len(markers)]
        guests[name] = Family(name, GUEST_COLORS[index % colors], marker)
    return guests


@contextmanager
def drawn_with(guests: Mapping[str, Family]) -> Iterator[None]:
    """Inside, `family` knows these beside Innards' own: reports that are drawn in turns keep their styles apart."""
    before = _guests.set(guests)
    try:
        yield
    finally:
        _guests.reset(before)


def in_order(names: Iterable[str]) -> list[str]:
    """Families in the order of a key, each once: those of Innards, then others by name."""
    names = set(names)
    return [*(name for name in FAMILIES if name in names), *sorted(names - set(FAMILIES))]


@dataclass(frozen=True)
class Medium:
    """Where a figure will be seen.

    Attributes:
        width: inches.
        columns: most panels side by side.
        font: size of labels, pt; ticks are a little smaller, but never below 6 pt.
        names: share of a panel's width for the names at the ends of lines.
        tallest: inches that fit on a page beside the caption; a taller figure is divided into pages.
        face: "sans", or "serif" for a paper whose text is set in Times.
    """

    name: str
    width: float
    columns: int
    font: float
    names: float
    tallest: float = float("inf")
    face: str = "sans"

    @property
    def layout(self) -> str:
        """The medium whose layout it shares."""
        return self.name if self.columns > 1 else "narrow"

    @property
    def grow(self) -> float:
        """Size of its text relative to a wide page's; lengths that are stated for a wide page grow with it."""
        return self.font / WIDE_FONT

    def letters(self, inches: float, least: int, width: float = 0.6) -> int:
        """How many small letters fit into so many inches, if one is `width` of the font's size wide on average."""
        return max(int(inches * 72 / (width * self.small)), least)

    @property
    def small(self) -> float:
        """Size of tick labels, pt."""
        return max(self.font * 0.88, 6.0)

    @property
    def ems(self) -> float:
        """Width in units of the font's size, a measure of how much fits side by side."""
        return self.width * 72 / self.font

    @property
    def settings(self) -> dict[Any, Any]:
        """Parameters for matplotlib's `rc_context`."""
        return {
            "figure.facecolor": "none",
            "savefig.facecolor": "none",
            "axes.facecolor": "none",
            "font.size": self.font,
            "axes.labelsize": self.font,
            "axes.titlesize": self.font * 1.08,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.titley": 1.0,  # fixed: looking for ticks in the title's way takes as long as drawing them
            "axes.titlepad": 7.0,
            "axes.edgecolor": FAINT,
            "axes.labelcolor": MUTED,
            "axes.linewidth": 0.7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            **dict.fromkeys(("xtick.labelsize", "ytick.labelsize"), self.small),
            **dict.fromkeys(("xtick.color", "ytick.color"), FAINT),
            **dict.fromkeys(("xtick.labelcolor", "ytick.labelcolor"), MUTED),
            "xtick.major.size": 3.0,
            **dict.fromkeys(("ytick.major.size", "xtick.minor.size", "ytick.minor.size"), 0.0),
            "grid.color": RULE,
            "grid.linewidth": 0.6,
            "text.color": INK,
            "axes.titlecolor": INK,
            "lines.linewidth": 1.3,
            "svg.fonttype": "none",
            "svg.hashsalt": "innards",
            "pdf.fonttype": 42,
            "ps.fonttype": 42,
            "path.simplify": False,
            "image.composite_image": False,  # each keeps its own pixels
            "text.parse_math": False,  # a name with two dollar signs is a name
        }


WIDE_FONT = 8.4  # pt
WIDE = Medium("wide", 9.0, 2, WIDE_FONT, 0.46)
NARROW = Medium("narrow", 3.25, 1, 7.5, 0.46, tallest=8.2)  # a phone, and a column of two on paper
PRINT = Medium("print", 5.5, 2, 6.8, 0.5, tallest=7.2)  # the text of most papers
# The widths of papers: a column of two, the text of NeurIPS, the text of ICML and CVPR. Times is narrower and looks
# smaller than DejaVu Sans at the same size, so it gets more points for the same room.
_FACES = {"sans": 1.0, "serif": 1.12}
_WIDTHS = {"column": NARROW, "text": PRINT, "wide": replace(PRINT, width=6.75, font=7.2)}
PAPER_MEDIA = {
    f"{width}-{face}": replace(medium, face=face, font=grow * medium.font)
    for face, grow in _FACES.items()
    for width, medium in _WIDTHS.items()
}
mpl.use("Agg")
