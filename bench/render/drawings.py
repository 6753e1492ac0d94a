"""All drawings of a report, made by as many processes as there are cores."""

from __future__ import annotations

import ctypes
import gc
import importlib
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import process as futures_of_processes
from concurrent.futures.process import BrokenProcessPool
from types import MappingProxyType
from typing import Any

from bench.render.kit.figure import Figure, Mark
from bench.render.kit.fonts import families
from bench.render.kit.style import NARROW, PAPER_MEDIA, PRINT, WIDE, Family, Medium, drawn_with

PR_SET_PDEATHSIG = 1  # see prctl(2)
FEWEST = 4  # figures for which it is worth starting other processes
_MEDIA = (PRINT, WIDE, NARROW)  # in the order of drawing: LaTeX waits for the first
_Key = tuple[str, Medium]  # a figure's id and a medium
_figures: dict[str, Figure] = {}  # inherited by the processes when they are forked


class Drawings:
    """The figures of a document in all forms, painted once per medium; the same bytes by any number of processes.

    Args:
        figures: all with different ids.
        hero: the figure that needs a preview.
        guests: styles of the families that are not of Innards, by name.
        paper: figures that are printed in a paper's text, in every width and face of one.
        columns: figures that are printed as wide as a column, too; galleries never are, and None means all others.
        processes: how many draw; None for one per core, or for this one alone if processes cannot be forked.
    """

    def __init__(
        self,
        figures: Sequence[Figure],
        hero: Figure | None = None,
        processes: int | None = None,
        *,
        guests: Mapping[str, Family] = MappingProxyType({}),
        paper: Sequence[Figure] = (),
        columns: Sequence[Figure] | None = None,
    ):
        self._guests = guests
        self._processes = processes
        self._hero = ""
        self._paper: set[str] = set()
        self._columns: set[str] = set()
        self._made: dict[_Key, dict[str, Any]] = {}
        self._coming: dict[_Key, Future[dict[str, Any]]] = {}
        self.begin(figures, hero, paper, columns)

    def begin(
        self,
        figures: Sequence[Figure],
        hero: Figure | None = None,
        paper: Sequence[Figure] = (),
        columns: Sequence[Figure] | None = None,
    ) -> None:
        """Begin to draw more figures, while the numbers of others are computed; for the arguments see the class."""
        self._hero = hero.id if hero else self._hero
        self._paper |= {figure.id for figure in paper}
        self._columns |= {figure.id for figure in (figures if columns is None else columns) if not figure.gallery}
        self._coming |= self._start(figures, self._processes or _cores(figures))

    def svg(self, figure: Figure, medium: Medium) -> tuple[str, Mapping[str, Mark]]:
        """The drawing for a wide or a narrow page, see `Figure.svg`."""
        return self._written(figure, medium)["svg"]

    def text(self, figure: Figure) -> dict[str, bytes]:
        """Pages as wide as a text by file name, see `Figure.pages`."""
        return _named(figure.id, self._written(figure, PRINT)["pages"])

    def column(self, figure: Figure) -> dict[str, bytes]:
        """Pages as wide as a column by file name; none for figures that are not printed so."""
        if figure.id not in self._columns:
            return {}
        return _named(f"{figure.id}-column", self._written(figure, NARROW)["pages"])

    def paper(self, figure: Figure) -> dict[str, dict[str, bytes]]:
        """The page for a paper's text by file name, by the medium's name in `PAPER_MEDIA`; see `Figure.whole`."""
        return {
            name: _named(f"{figure.id}-{name}", self._written(figure, medium)["whole"])
            for name, medium in PAPER_MEDIA.items()
        }

    def preview(self, hero: Figure) -> bytes:
        """A picture of the figure that opens the page, see `Figure.png`."""
        return self._written(hero, WIDE)["png"]

    def files(self, figure: Figure) -> list[str]:
        """Names of a figure's PDFs: as wide as a text, then as wide as a column."""
        return [*self.text(figure), *self.column(figure)]

    def _written(self, figure: Figure, medium: Medium) -> dict[str, Any]:
        key = (figure.id, medium)
        if key not in self._made:
            future = self._coming.pop(key, None)
            try:
                self._made[key] = future.result() if future else self._drawn(figure, medium)
            except BrokenProcessPool:  # killed by the system, of memory for instance
                self._made[key] = self._drawn(figure, medium)
        return self._made[key]

    def _drawn(self, figure: Figure, medium: Medium) -> dict[str, Any]:
        with drawn_with(self._guests):
            return figure.written(medium, self._forms(figure, medium))

    def _forms(self, figure: Figure, medium: Medium) -> list[str]:
        if medium == WIDE:
            return ["svg", "png"] if figure.id == self._hero else ["svg"]
        forms = ["pages"] if medium == PRINT or (medium == NARROW and figure.id in self._columns) else []
        forms += ["whole"] if figure.id in self._paper and medium in PAPER_MEDIA.values() else []
        return ["svg", *forms] if medium == NARROW else forms

    def _start(self, figures: Sequence[Figure], processes: int) -> dict[_Key, Future[dict[str, Any]]]:
        """Start drawing everything that the writers will ask for."""
        # Drawing is most of a report's time and needs one core, so figures are drawn by forked processes while this
        # one makes tables and sentences. A fork inherits the figures, whose closures over a study cannot be pickled,
        # with everything that is imported and measured; only bytes come back. What every process needs is therefore
        # made before the first one: the cut font, and matplotlib's writers. One job is one figure in one medium.
        if processes == 1:
            return {}
        for face in dict.fromkeys(medium.face for medium in PAPER_MEDIA.values()):
            families(face)
        for form in ("pdf", "svg"):
            importlib.import_module(f"matplotlib.backends.backend_{form}")
        _figures.update({figure.id: figure for figure in figures})
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _end_with, (os.getpid(),))
        jobs = [(figure, medium) for medium in _MEDIA for figure in figures]
        papers = [medium for medium in PAPER_MEDIA.values() if medium not in _MEDIA]
        jobs += [(figure, medium) for medium in papers for figure in figures if figure.id in self._paper]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
            futures = {
                (figure.id, medium): pool.submit(
                    _draw, figure.id, medium, self._forms(figure, medium), dict(self._guests)
                )
                for figure, medium in jobs
            }
        pool.shutdown(wait=False)  # the processes end when all is drawn
        _figures.clear()
        return futures


def _end_with(parent: int) -> None:
    """Have the kernel end this process when the one that forked it ends, however that happens; on Linux alone."""
    gc.freeze()  # what was inherited is never garbage here, and a walk over it would copy its pages
    # A process ends by waking the threads of all executors, but those of its parent's other ones are not here, and the
    # lock of one may have been held when this process was forked.
    getattr(futures_of_processes, "_threads_wakeups", {}).clear()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the report answers it
    if os.getppid() != parent:  # it ended before it could be watched
        os._exit(1)


def _cores(figures: Sequence[Figure]) -> int:
    if sys.platform != "linux" or len(figures) < FEWEST:
        return 1
    return len(os.sched_getaffinity(0))


def _named(name: str, pages: list[bytes]) -> dict[str, bytes]:
    """Pages by file name; the first has the name alone."""
    return {f"{name}-page{number}.pdf" if number > 1 else f"{name}.pdf": page for number, page in enumerate(pages, 1)}


def _draw(name: str, medium: Medium, forms: list[str], guests: Mapping[str, Family]) -> dict[str, Any]:
    with drawn_with(guests):
        return _figures[name].written(medium, forms)
