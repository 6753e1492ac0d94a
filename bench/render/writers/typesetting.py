"""From `appendix.tex` and `appendix-full.tex` to PDFs, while the rest of the report is made."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from bench.render.writers.overrides import TEMPLATES

TIMEOUT = 240  # seconds
INSTALL = "the appendix was not compiled; for a PDF install pdflatex, texlive-latex-extra and texlive-science"
EPOCH = "1600000000"  # so that the same appendix gives the same PDF
MOST_PASSES = 4
AGAIN = "Rerun to get|Rerun LaTeX"  # in a log if another pass would change something
WORK = ".tex"  # folder in which LaTeX works
DRAFT = "draft"  # folder of the body with quicker columns


class Compilation:
    """LaTeX at work on `<name>.tex` and `<name>-body.tex` in a process of its own; `finish` waits for it."""

    def __init__(self, out: Path, name: str = "appendix"):
        self.out, self.name = out, name
        self.process: subprocess.Popen[bytes] | None = None
        command = _command(name)
        (out / f"{name}.pdf").unlink(missing_ok=True)
        if command:
            # Inside the report's own folder, which goes with it. LaTeX's shell ends when the pipe to it does, so that
            # it does not outlive a report that was killed.
            self.folder = out / f"{WORK}-{name}"
            self.folder.mkdir()
            for file in (f"{name}.tex", f"{name}-body.tex", "references.bib"):
                shutil.copy(out / file, self.folder)
            shutil.copytree(out / "figures", self.folder / "figures")
            (self.folder / DRAFT).mkdir()
            body = (out / f"{name}-body.tex").read_text(encoding="utf-8")
            (self.folder / DRAFT / f"{name}-body.tex").write_text(drafted(body), encoding="utf-8")
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "FORCE_SOURCE_DATE": "1"},
                start_new_session=True,
            )

    def __enter__(self) -> Compilation:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            _end(self.process)
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def started(self) -> bool:
        """Whether LaTeX is installed."""
        return self.process is not None

    def finish(self) -> str:
        """Wait, and put the PDF and its log in place.

        Returns:
            An empty string, or one sentence that says why there is no PDF.
        """
        if self.process is None:
            return INSTALL
        try:
            self.process.wait(TIMEOUT)
            return self._collect()
        except subprocess.TimeoutExpired:
            return f"the appendix was not compiled: LaTeX took more than {TIMEOUT} s"
        finally:
            _end(self.process)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _collect(self) -> str:
        log, pdf = self.folder / f"{self.name}.log", self.folder / f"{self.name}.pdf"
        text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
        (self.out / f"{self.name}.log").write_text(text, encoding="utf-8")
        if pdf.is_file() and not self.process.returncode:  # type: ignore[union-attr]
            shutil.copy(pdf, self.out / f"{self.name}.pdf")
            return ""
        return f"the appendix was not compiled: {first_error(text)} (see {self.out / f'{self.name}.log'})"


def first_error(log: str) -> str:
    """The first error of a LaTeX log, in one line.

    >>> first_error("...\\n! Undefined control sequence.\\nl.3 \\\\oops\\n")
    'Undefined control sequence. l.3 \\\\oops'
    """
    error = re.search(r"^! (.*)\n(?:.*\n){0,8}?(l\.\d+.*)?", log, re.MULTILINE)
    return " ".join(filter(None, error.groups())) if error else "LaTeX ended without a PDF"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End LaTeX and what it started, which share a session of their own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin:
        process.stdin.close()


def _command(name: str) -> list[str]:
    """The shell command that compiles the appendix; empty without LaTeX."""
    # Citations and labels need several passes before they settle: the first writes what is cited, BibTeX looks it up,
    # the next learn where everything stands. Setting numbers with siunitx takes most of the time, so the passes that
    # only gather run as drafts without a PDF, on a body whose columns are plain boxes of siunitx's width (`drafted`).
    # Widths agree, so page breaks do, and one full pass usually suffices; its log says whether another is needed.
    if not shutil.which("pdflatex"):
        return []
    tex = "pdflatex -no-shell-escape -halt-on-error -interaction"
    draft = f"TEXINPUTS={DRAFT}: {tex}=batchmode -draftmode {name}.tex"
    passes = " ".join(map(str, range(MOST_PASSES)))
    full = f"{tex}=nonstopmode {name}.tex || exit 1; grep -aqE '{AGAIN}' {name}.log || exit 0"
    work = f"{draft}; bibtex {name}; {draft}; for pass in {passes}; do {full}; done"
    # The watch reads what nobody writes: its end is that of the report. It ends its session, LaTeX with it.
    watch = "(read -r _ <&3; kill -KILL 0) & watch=$!"
    return ["sh", "-c", f"exec 3<&0 </dev/null; {watch}; ({work}); code=$?; kill $watch; exit $code"]


def drafted(body: str) -> str:
    """The body of an appendix with quick columns that are as wide as siunitx's."""
    columns = (TEMPLATES / "latex" / "draft.tex").read_text(encoding="utf-8")
    return columns + re.sub(r"S\[([^]]*)\]", r"U{\1}", body)
