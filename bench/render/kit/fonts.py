"""The font of all figures: DejaVu Sans, cut to the letters that figures print.

To embed a font in a PDF all of it is read first, which takes longer than to draw most figures. A tenth of the letters
is read in a tenth of the time, and the PDF is the same. What the small font lacks comes from the whole one.
"""

from __future__ import annotations

import atexit
import functools
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties

WHOLE, SMALL = "DejaVu Sans", "Innards Sans"
FACES: dict[str, dict[str, Any]] = {"regular": {}, "bold": {"weight": "bold"}, "oblique": {"style": "oblique"}}
LETTERS = [  # Latin, Greek, punctuation, and the signs that captions and labels are written with
    *range(0x20, 0x180),
    *range(0x391, 0x3CA),
    *range(0x2010, 0x2027),
    *range(0x2070, 0x208F),
    *map(ord, "←↑→↓−√∞≈≠≤≥×"),
]
USELESS = ["FFTM", "GDEF", "GPOS", "GSUB", "kern"]  # tables that a PDF ignores: a date, substitution, positioning
_FAMILY, _FULL = 1, 4  # ids of names in a font


@functools.cache
def families() -> list[str]:
    """The families to look for a letter in, one after the other; the first is made when this is first called."""
    folder = Path(tempfile.mkdtemp(prefix="innards-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for face, properties in FACES.items():
        whole = font_manager.findfont(FontProperties(family=WHOLE, **properties))
        _cut(str(whole), folder / f"{face}.ttf")
        font_manager.fontManager.addfont(folder / f"{face}.ttf")
    return [SMALL, WHOLE]


def _cut(source: str, target: Path) -> None:
    """Write a font with `LETTERS` alone, under a name of its own."""
    from fontTools.subset import Options, Subsetter, load_font

    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    options = Options(glyph_names=True, notdef_outline=True, recommended_glyphs=True)
    options.drop_tables += USELESS
    font = load_font(source, options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (_FAMILY, _FULL):
            record.string = record.toUnicode().replace(WHOLE, SMALL)
    font.save(target)
