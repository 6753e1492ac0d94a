"""All drawings of a report, made beside one another by as many processes as there are cores."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from bench.render.kit.figure import Figure, Mark
from bench.render.kit.fonts import families
from bench.render.kit.style import NARROW, PRINT, WIDE, Medium

FEWEST = 4  # figures for which other processes are worth starting
_MEDIA = (PRINT, WIDE, NARROW)  # what LaTeX waits for comes first
_Key = tuple[str, Medium]  # a figure's id
_figures: dict[str, Figure] = {}  # what the processes were started with: they inherit it


class Drawings:
    """The figures of a document in all forms, each painted once a medium; the same bytes however many processes draw.

    Args:
        figures: with ids that differ.
        hero: the one that there is a preview of.
        processes: that draw; one a core where None, and none but this where they cannot be forked.
    """

    def __init__(self, figures: Sequence[Figure], hero: Figure | None = None, processes: int | None = None):
        self._hero = hero.id if hero else ""
        self._made: dict[_Key, dict[str, Any]] = {}
        self._coming = self._start(figures, processes or _cores(figures))

    def svg(self, figure: Figure, medium: Medium) -> tuple[str, Mapping[str, Mark]]:
        """For a wide or a narrow page, see `Figure.svg`."""
        found: tuple[str, Mapping[str, Mark]] = self._written(figure, medium)["svg"]
        return found

    def text(self, figure: Figure) -> dict[str, bytes]:
        """As wide as a text: its pages by file name, see `Figure.pages`."""
        return _named(figure.id, self._written(figure, PRINT)["pages"])

    def column(self, figure: Figure) -> dict[str, bytes]:
        """As wide as a column; galleries have none."""
        return {} if figure.gallery else _named(f"{figure.id}-column", self._written(figure, NARROW)["pages"])

    def preview(self, hero: Figure) -> bytes:
        """A picture of the figure that opens the page, see `Figure.png`."""
        found: bytes = self._written(hero, WIDE)["png"]
        return found

    def files(self, figure: Figure) -> list[str]:
        """Names of a figure's files on paper: as wide as a text, then as wide as a column."""
        return [*self.text(figure), *self.column(figure)]

    def _written(self, figure: Figure, medium: Medium) -> dict[str, Any]:
        key = (figure.id, medium)
        if key not in self._made:
            coming = self._coming.pop(key, None)
            try:
                self._made[key] = coming.result() if coming else figure.written(medium, self._forms(figure, medium))
            except BrokenProcessPool:  # killed by the system, of memory for instance
                self._made[key] = figure.written(medium, self._forms(figure, medium))
        return self._made[key]

    def _forms(self, figure: Figure, medium: Medium) -> list[str]:
        if medium == PRINT:
            return ["pages"]
        if medium == WIDE:
            return ["svg", "png"] if figure.id == self._hero else ["svg"]
        return ["svg"] if figure.gallery else ["svg", "pages"]

    def _start(self, figures: Sequence[Figure], processes: int) -> dict[_Key, Future[dict[str, Any]]]:
        """Everything that will be asked for, on its way."""
        if processes == 1:
            return {}
        families()  # this and the writers are made once, for all processes
        for form in ("pdf", "svg"):
            importlib.import_module(f"matplotlib.backends.backend_{form}")
        _figures.update({figure.id: figure for figure in figures})
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"))
        wanted = [(figure, medium) for medium in _MEDIA for figure in figures]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
            coming = {
                (figure.id, medium): pool.submit(_draw, figure.id, medium, self._forms(figure, medium))
                for figure, medium in wanted
            }
        pool.shutdown(wait=False)  # the processes end when all is drawn
        _figures.clear()
        return coming


def _cores(figures: Sequence[Figure]) -> int:
    if sys.platform != "linux" or len(figures) < FEWEST:
        return 1
    return len(os.sched_getaffinity(0))


def _named(name: str, pages: list[bytes]) -> dict[str, bytes]:
    """The first page has the name alone."""
    return {f"{name}-page{place}.pdf" if place > 1 else f"{name}.pdf": page for place, page in enumerate(pages, 1)}


def _draw(name: str, medium: Medium, forms: list[str]) -> dict[str, Any]:
    return _figures[name].written(medium, forms)
