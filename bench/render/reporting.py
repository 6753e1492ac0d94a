"""`make report`: from one or several `runs/<profile>/` to `report/`."""

from __future__ import annotations

import gc
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.errors import InputError
from bench.folders import guarded, sweep, uninterrupted
from bench.profile import Theme
from bench.render.document import Document, compose
from bench.render.writers import data, html, latex, paper
from bench.render.writers.overrides import Templates

MANIFEST = ".innards"  # in a report's folder: the stories and files in `figures/` and `data/` it made
SUFFIXES = {"figures": (".pdf",), paper.FOLDER: (".pdf", ".tex"), "data": (".csv", ".json", ".parquet")}


@dataclass(frozen=True)
class Summary:
    """What was written.

    Attributes:
        out: the folder.
        cells, done: planned, and with a result.
        tables, figures: how many.
        pdf: whether the appendix was compiled; `note` says why not.
        warnings: the banner's sentences.
    """

    out: Path
    cells: int
    done: int
    tables: int
    figures: int
    pdf: bool
    note: str
    warnings: tuple[str, ...]

    @property
    def text(self) -> str:
        """A few lines for a terminal."""
        lines = [
            f"{self.out / 'index.html'}: {self.tables} tables, {self.figures} figures, "
            f"{self.done:,} of {self.cells:,} cells done"
        ]
        lines += [f"{self.out / 'appendix.pdf'}"] if self.pdf else [self.note]
        return "\n".join([*lines, *(f"note: {warning}" for warning in self.warnings)])


def report(
    folders: list[Path],
    out: Path,
    templates: Path | None = None,
    themes: Sequence[Theme | None] = (),
    *,
    full: bool = False,
) -> Summary:
    """Render the runs of one profile, or of several side by side.

    Args:
        folders: each a `runs/<profile>` with its plan.
        out: made if it is missing; files are replaced, and files that only an earlier report had are deleted.
        templates: the user's own, see `overrides`.
        themes: the profiles' `[report]` tables as they stand now; None for the one that the run was planned with.
        full: compile the appendix that holds everything, too, and draw every figure as wide as a column.

    Raises:
        InputError: a folder without a plan, templates that cannot be used, or an `out` that cannot be written.
    """
    for kind in ("html", "latex"):
        Templates(kind, templates)  # refused before the work
    reports = [theme.model_dump() if theme else None for theme in themes] or [None] * len(folders)
    studies = [Study(load(folder, theme)) for folder, theme in zip(folders, reports, strict=True)]
    return render(studies, out, templates, full=full)


def render(studies: list[Study], out: Path, templates: Path | None = None, *, full: bool = False) -> Summary:
    """Render studies that are loaded; for the arguments see `report`.

    Raises:
        InputError: templates that cannot be used, or an `out` that cannot be written.
    """
    # Drawing makes many small objects and little garbage, so that most collections walk everything for nothing: they
    # become rare, and leave out what was imported.
    gc.set_threshold(300_000, 50, 100)
    gc.freeze()
    document = compose(studies, full=full)
    try:
        note = _write(document, out, templates, full)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}): give another folder with --out") from error
    return Summary(
        out=out,
        cells=sum(len(study.results.cells) for study in studies),
        done=sum(study.results.count("done") for study in studies),
        tables=len(document.data),
        figures=len(document.figures),
        pdf=not note,
        note=note,
        warnings=tuple(warning for part in document.parts for warning in part.warnings),
    )


def _write(document: Document, out: Path, templates: Path | None, full: bool) -> str:
    """Write a report in a hidden folder, then move it file by file; returns why there is no PDF, or nothing."""
    # An earlier report stays as it was if the process ends while it writes. Moving takes milliseconds and no
    # space, since the hidden folder is on the disk of the report, and interrupts wait for it. The pages come last: what
    # they link to is there before.
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    with guarded(out) as folder:
        with ExitStack() as stack:
            compilations = latex.write(document, folder, templates=templates, full=full)
            for compilation in compilations:
                stack.enter_context(compilation)
            data.write(document, folder)
            html.write(document, folder, pdf=compilations[0].started, templates=templates)
            latex.write_for_papers(document, folder, templates=templates)
            notes = [compilation.finish().replace(str(folder), str(out)) for compilation in compilations]
            if notes[0] and compilations[0].started:
                html.write(document, folder, pdf=False, templates=templates)
            note = next(filter(None, notes), "")
        with uninterrupted():
            for pdf in ("appendix.pdf", "appendix-full.pdf"):  # of an earlier report, where this one has none
                if not (folder / pdf).is_file():
                    (out / pdf).unlink(missing_ok=True)
            files = sorted(
                (path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.suffix == ".html"
            )
            for file in files:
                target = out / file.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
            _tidy(document, out)
    return note


def _tidy(document: Document, out: Path) -> None:
    """Delete stories, figures and data that an earlier report left and this one does not have."""
    # Only names that an earlier report noted, and of these only files that a report can have written: nothing else
    # goes, even if an edited manifest says otherwise.
    manifest = out / MANIFEST
    files = {f"data/{table.id}{suffix}" for table in document.data for suffix in SUFFIXES["data"]}
    files |= {f"figures/{name}" for figure in document.figures for name in document.drawings.files(figure)}
    files |= {f"{paper.FOLDER}/{name}" for name in paper.names(document)}
    files |= {part.page for part in document.parts} - {"index.html"}
    before = manifest.read_text(encoding="utf-8", errors="replace").splitlines() if manifest.is_file() else []
    for name in set(before) - files:
        folder, _, file = name.rpartition("/")
        in_folder = folder in SUFFIXES and Path(file).name == file and Path(file).suffix in SUFFIXES[folder]
        if in_folder or re.fullmatch(r"story-\w+\.html", name, re.ASCII):
            (out / name).unlink(missing_ok=True)
    manifest.write_text("".join(f"{name}\n" for name in sorted(files)), encoding="utf-8")
