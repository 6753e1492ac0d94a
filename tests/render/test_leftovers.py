from __future__ import annotations

from pathlib import Path

from bench.render import report
from bench.render.leftovers import MANIFEST


def test_what_only_the_report_before_had_goes_and_nothing_else(small, tmp_path: Path, without_latex: None):
    folder, out = small.write(tmp_path / "runs"), tmp_path / "out"
    report([folder], out)
    (out / "data" / "mine.csv").write_text("1")
    (out / "data" / "old.csv").write_text("1")
    (tmp_path / "outside.csv").write_text("1")
    with (out / MANIFEST).open("a") as manifest:
        manifest.write("data/old.csv\ndata/../../outside.csv\n/etc/hostname\nfigures/gone.pdf\nREADME.md\n")
    report([folder], out)
    assert not (out / "data" / "old.csv").exists()
    assert (out / "data" / "mine.csv").exists()
    assert (tmp_path / "outside.csv").exists()
    listed = (out / MANIFEST).read_text().splitlines()
    assert "data/old.csv" not in listed
    assert all((out / name).is_file() for name in listed)
