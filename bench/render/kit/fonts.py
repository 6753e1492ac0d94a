"""The font of all figures: DejaVu Sans, cut to the letters that figures print."""

from __future__ import annotations

import atexit
import functools
import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter, load_font
from matplotlib import font_manager
from matplotlib.font_manager import FontProperties

from bench.folders import guarded

FULL, SMALL = "DejaVu Sans", "Innards Sans"
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


@functools.cache
def families() -> list[str]:
    """The font families for `rc_context`, in the order in which a letter is looked up; the first call makes one."""
    # matplotlib reads all of a font before it embeds a part of it in a PDF, which takes longer than drawing most
    # figures. The small font holds a tenth of the letters, takes a tenth of the time, and gives the same PDF. A letter
    # that it lacks, in a name of the user's for instance, comes from the full font behind it.
    kept = ExitStack()
    folder = kept.enter_context(guarded(Path(tempfile.gettempdir())))
    atexit.register(kept.close)
    for face, properties in FACES.items():
        full = font_manager.findfont(FontProperties(family=FULL, **properties))
        _subset(str(full), folder / f"{face}.ttf")
        font_manager.fontManager.addfont(folder / f"{face}.ttf")
    return [SMALL, FULL]


def _subset(source: str, target: Path) -> None:
    """Write a font with `LETTERS` alone, named `SMALL`: under the full font's name matplotlib would confuse the two."""

    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    options = Options(glyph_names=True, notdef_outline=True, recommended_glyphs=True)
    options.drop_tables += UNUSED
    font = load_font(source, options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (_FAMILY, _FULL):
            record.string = record.toUnicode().replace(FULL, SMALL)
    font.save(target)
