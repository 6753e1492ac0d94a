"""All drawings of a report, made beside one another by as many processes as there are cores."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from bench.render.figure import Figure, Mark
from bench.render.style import COLUMN, NARROW, PRINT, WIDE, Medium

FEWEST = 4  # figures for which other processes are worth starting
_MEDIA = {medium.name: medium for medium in (WIDE, NARROW, PRINT, COLUMN)}
_TASKS = (("pages", PRINT), ("svg", WIDE), ("svg", NARROW), ("pdf", COLUMN))
_Key = tuple[str, str, str]  # a figure's id, a form, and a medium's name
_figures: dict[str, Figure] = {}  # what the processes were started with: they inherit it


class Drawings:
    """The figures of a document as SVG and PDF; the same bytes however many processes draw.

    Args:
        figures: with ids that differ.
        processes: that draw; one a core where None, and none but this where they cannot be forked.
    """

    def __init__(self, figures: Sequence[Figure], processes: int | None = None):
        self._made: dict[_Key, Any] = {}
        self._coming = _start(figures, processes or _cores(figures))

    def svg(self, figure: Figure, medium: Medium) -> tuple[str, Mapping[str, Mark]]:
        """See `Figure.svg`."""
        found: tuple[str, Mapping[str, Mark]] = self._take(figure, "svg", medium)
        return found

    def pdf(self, figure: Figure, medium: Medium) -> bytes:
        """See `Figure.pdf`."""
        found: bytes = self._take(figure, "pdf", medium)
        return found

    def pages(self, figure: Figure, medium: Medium) -> list[bytes]:
        """See `Figure.pages`."""
        found: list[bytes] = self._take(figure, "pages", medium)
        return found

    def files(self, figure: Figure) -> list[str]:
        """Names of a figure's files on paper: its pages as wide as a text, then one as wide as a column."""
        more = range(2, len(self.pages(figure, PRINT)) + 1)
        column = [] if figure.gallery else [f"{figure.id}-column.pdf"]
        return [f"{figure.id}.pdf", *(f"{figure.id}-page{page}.pdf" for page in more), *column]

    def _take(self, figure: Figure, form: str, medium: Medium) -> Any:
        key = (figure.id, form, medium.name)
        if key not in self._made:
            coming = self._coming.pop(key, None)
            try:
                self._made[key] = coming.result() if coming else _draw(figure, form, medium)
            except BrokenProcessPool:  # killed by the system, of memory for instance
                self._made[key] = _draw(figure, form, medium)
        return self._made[key]


def _cores(figures: Sequence[Figure]) -> int:
    if sys.platform != "linux" or len(figures) < FEWEST:
        return 1
    return len(os.sched_getaffinity(0))


def _start(figures: Sequence[Figure], processes: int) -> dict[_Key, Future[Any]]:
    """Everything that will be asked for, on its way; what LaTeX waits for comes first."""
    if processes == 1:
        return {}
    _figures.update({figure.id: figure for figure in figures})
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"))
    keys = [
        (figure.id, form, medium.name)
        for form, medium in _TASKS
        for figure in figures
        if medium != COLUMN or not figure.gallery
    ]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
        coming = {key: pool.submit(_drawn, *key) for key in keys}
    pool.shutdown(wait=False)  # the processes end when all is drawn
    _figures.clear()
    return coming


def _drawn(name: str, form: str, medium: str) -> Any:
    return _draw(_figures[name], form, _MEDIA[medium])


def _draw(figure: Figure, form: str, medium: Medium) -> Any:
    return {"pdf": figure.pdf, "pages": figure.pages, "svg": figure.svg}[form](medium)
