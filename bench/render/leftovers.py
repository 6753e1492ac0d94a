"""What an earlier report left in the folder and this one does not have: figures and data of other runs."""

from __future__ import annotations

from pathlib import Path

from bench.render.document import Document

MANIFEST = ".innards"  # names, a line each, of what the report before put into the folders that tables and figures fill
SUFFIXES = {"figures": (".pdf",), "data": (".csv", ".json", ".parquet")}


def remove(document: Document, out: Path) -> None:
    """Delete what the report before made and this one did not; a file that no report made is never touched."""
    manifest = out / MANIFEST
    made = {f"data/{table.id}{suffix}" for table in document.data for suffix in SUFFIXES["data"]}
    made |= {f"figures/{name}" for figure in document.figures for name in document.drawings.files(figure)}
    before = manifest.read_text(encoding="utf-8", errors="replace").splitlines() if manifest.is_file() else []
    for name in set(before) - made:
        folder, _, file = name.partition("/")
        if folder in SUFFIXES and Path(file).name == file and Path(file).suffix in SUFFIXES[folder]:
            (out / name).unlink(missing_ok=True)
    manifest.write_text("".join(f"{name}\n" for name in sorted(made)), encoding="utf-8")
