"""The fonts of all figures: DejaVu Sans and, beside Times, STIX; cut to the letters that figures print."""

from __future__ import annotations

import atexit
import functools
import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter, load_font
from fontTools.ttLib import TTFont, TTLibError
from matplotlib import font_manager
from matplotlib.font_manager import FontProperties, get_font

from bench.folders import guarded

FULL, SMALL = "DejaVu Sans", "Innards Sans"
NAMES = {
    "sans": (FULL, SMALL),
    "serif": ("STIXGeneral", "Innards Serif"),
}  # of a face's full font, and of its small one
INSTALL = "fonts-droid-fallback, fonts-wqy-zenhei or another TrueType font of that script"
# Families that cover what DejaVu lacks; one of a name that begins so may cover one script or all of them.
SCRIPTS = (
    "Noto Sans CJK", "Source Han Sans", "WenQuanYi", "Droid Sans Fallback", "IPAGothic", "IPAexGothic", "TakaoGothic",
    "NanumGothic", "Hiragino Sans", "PingFang", "Apple SD Gothic", "Microsoft YaHei", "SimHei", "Yu Gothic", "Malgun",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Arial Unicode", "Unifont",
)  # fmt: skip
FACES: dict[str, dict[str, Any]] = {"regular": {}, "bold": {"weight": "bold"}, "oblique": {"style": "oblique"}}
LETTERS = [  # Latin, Greek, punctuation, and the signs that captions and labels are written with
    *range(0x20, 0x180),
    *range(0x391, 0x3CA),
    *range(0x2010, 0x2027),
    *range(0x2070, 0x208F),
    *map(ord, "←↑→↓−√∞≈≠≤≥×"),
]
UNUSED = ["FFTM", "GDEF", "GPOS", "GSUB", "kern"]  # tables that a PDF ignores: a date, substitution, positioning
_FAMILY, _FULL = 1, 4  # ids of names in a font


def families(face: str = "sans") -> list[str]:
    """The font families for `rc_context`, in the order in which a letter is looked up; the first call makes one."""
    return list(_families(face))


@functools.cache
def _families(face: str) -> tuple[str, ...]:
    # matplotlib reads all of a font before it embeds a part of it in a PDF, which takes longer than drawing most
    # figures. The small font holds a tenth of the letters, takes a tenth of the time, and gives the same PDF. A letter
    # that it lacks, in a name of the user's for instance, comes from the full font behind it.
    kept = ExitStack()
    folder = kept.enter_context(guarded(Path(tempfile.gettempdir())))
    atexit.register(kept.close)
    full, small = NAMES[face]
    for name, properties in FACES.items():
        file = font_manager.findfont(FontProperties(family=full, **properties))
        _subset(str(file), folder / f"{name}.ttf", full, small)
        font_manager.fontManager.addfont(folder / f"{name}.ttf")
    return tuple(dict.fromkeys((small, full, FULL, *fallbacks())))


@functools.cache
def fallbacks() -> tuple[str, ...]:
    """The fonts of other scripts that this system has, in the order in which a letter is looked up."""
    names = {font.name: font.fname for font in font_manager.fontManager.ttflist if font.name.startswith(SCRIPTS)}
    return tuple(name for name, file in sorted(names.items()) if _has_outlines(file))


def _has_outlines(file: str) -> bool:
    """Whether a font has TrueType outlines: those of PostScript, as in Noto's CJK fonts, a PDF does not take so."""
    try:
        with TTFont(file, fontNumber=0, lazy=True) as font:
            return "glyf" in font
    except (OSError, TTLibError):
        return False


def undrawn(text: str) -> str:
    """The letters that no font here has, each once, in order; figures show boxes for them."""
    strange = [letter for letter in dict.fromkeys(text) if ord(letter) not in LETTERS and letter.isprintable()]
    for name in (FULL, *fallbacks()) if strange else ():
        letters = get_font(font_manager.findfont(FontProperties(family=name))).get_charmap()
        strange = [letter for letter in strange if ord(letter) not in letters]
    return "".join(strange)


def _subset(source: str, target: Path, full: str, small: str) -> None:
    """Write a font with `LETTERS` alone, by another name: under the full font's matplotlib would confuse the two."""

    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    options = Options(glyph_names=True, notdef_outline=True, recommended_glyphs=True)
    options.drop_tables += UNUSED
    font = load_font(source, options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (_FAMILY, _FULL):
            record.string = record.toUnicode().replace(full, small)
    font.save(target)
