"""`make report`: from one or several `runs/<profile>/` to `report/`."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.errors import InputError
from bench.folders import guarded, sweep, uninterrupted
from bench.profile import Theme
from bench.render.document import Document, compose
from bench.render.writers import data, html, latex
from bench.render.writers.overrides import Templates

PAGE = "index.html"
MANIFEST = ".innards"  # in a report's folder: the files in `figures/` and `data/` that the report made, one per line
SUFFIXES = {"figures": (".pdf",), "data": (".csv", ".json", ".parquet")}


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
    folders: list[Path], out: Path, templates: Path | None = None, themes: Sequence[Theme | None] = ()
) -> Summary:
    """Render the runs of one profile, or of several side by side.

    Args:
        folders: each a `runs/<profile>` with its plan.
        out: made if it is missing; files are replaced, and files that only an earlier report had are deleted.
        templates: the user's own, see `overrides`.
        themes: the profiles' `[report]` tables as they stand now; None for the one that the run was planned with.

    Raises:
        InputError: a folder without a plan, templates that cannot be used, or an `out` that cannot be written.
    """
    # Drawing makes many small objects and little garbage, so that most collections walk everything for nothing: they
    # become rare, and leave out what was imported.
    gc.set_threshold(100_000, 50, 100)
    gc.freeze()
    for kind in ("html", "latex"):
        Templates(kind, templates)  # refused before the work
    reports = [theme.model_dump() if theme else None for theme in themes] or [None] * len(folders)
    document = compose([Study(load(folder, theme)) for folder, theme in zip(folders, reports, strict=True)])
    try:
        note = _write(document, out, templates)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}): give another folder with --out") from error
    studies = [part.study for part in document.parts]
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


def _write(document: Document, out: Path, templates: Path | None) -> str:
    """Write a report in a hidden folder, then move it file by file; returns why there is no PDF, or nothing."""
    # An earlier report stays as it was if the process ends while it writes. Moving takes milliseconds and no
    # space, since the hidden folder is on the disk of the report, and interrupts wait for it. The page comes last: what
    # it links to is there before.
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    with guarded(out) as folder:
        with latex.write(document, folder, templates=templates) as compilation:
            html.write(document, folder, pdf=compilation.started, templates=templates)
            data.write(document, folder)
            note = compilation.finish().replace(str(folder), str(out))
            if note and compilation.started:
                html.write(document, folder, pdf=False, templates=templates)
        with uninterrupted():
            if note:
                (out / "appendix.pdf").unlink(missing_ok=True)
            files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.name == PAGE)
            for file in files:
                target = out / file.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
            _tidy(document, out)
    return note


def _tidy(document: Document, out: Path) -> None:
    """Delete figures and data that an earlier report left and this one does not have."""
    # Only names that an earlier report noted, and of these only files that a report can have written: nothing outside
    # its two folders goes, even if an edited manifest says otherwise.
    manifest = out / MANIFEST
    files = {f"data/{table.id}{suffix}" for table in document.data for suffix in SUFFIXES["data"]}
    files |= {f"figures/{name}" for figure in document.figures for name in document.drawings.files(figure)}
    before = manifest.read_text(encoding="utf-8", errors="replace").splitlines() if manifest.is_file() else []
    for name in set(before) - files:
        folder, _, file = name.partition("/")
        if folder in SUFFIXES and Path(file).name == file and Path(file).suffix in SUFFIXES[folder]:
            (out / name).unlink(missing_ok=True)
    manifest.write_text("".join(f"{name}\n" for name in sorted(files)), encoding="utf-8")
