"""The whole way from runs to a report, whatever the runs hold."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from bench.cli import main
from bench.errors import InputError
from bench.render import report
from bench.render.reporting import MANIFEST

HOSTILE = "<script>alert(1)</script> $\\input{/etc/passwd}$ 50% a_b #1 ~ ^ \\ 😀 {x} & \"q\" 'q'"
LONG = "x" * 200


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def page(folder: Path) -> str:
    return unescape(re.sub(r"<[^>]+>", "", (folder / "details.html").read_text(encoding="utf-8")))


def test_a_folder_without_a_plan_is_one_sentence(tmp_path: Path):
    with pytest.raises(InputError, match=r"no plan\.json: run `make bench PROFILE=nothing` first"):
        report([tmp_path / "nothing"], tmp_path / "report")


def test_a_place_that_cannot_be_written_is_one_sentence(small, tmp_path: Path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="out cannot be written"):
        report([small.write(tmp_path)], tmp_path / "out")


def test_everything_is_written(rendered: Path):
    names = set(contents(rendered))
    assert {"details.html", "appendix.tex", "appendix-body.tex", "references.bib", "data/results.csv"} <= names
    assert {
        "data/results.json",
        "data/datapackage.json",
        "figures/footprint-resnet8.pdf",
        "figures/preview.png",
    } <= names
    assert len((rendered / "details.html").read_bytes()) < 5_000_000


def test_the_same_runs_give_the_same_bytes(small, tmp_path: Path):
    folder = replace(small, seeds=(0, 1)).write(tmp_path)
    first, second = (contents(_made(folder, tmp_path / name)) for name in ("one", "two"))
    first.pop("appendix.log", None), second.pop("appendix.log", None)
    assert [name for name in first if first[name] != second.get(name)] == []
    assert set(first) == set(second)


def test_a_full_report_has_every_figure_as_wide_as_a_column(small, tmp_path: Path, without_latex: None):
    folder = small.write(tmp_path)
    usual, full = (contents(_made(folder, tmp_path / name, full=name == "full")) for name in ("usual", "full"))
    more = {name for name in full if name not in usual}
    assert more and all(re.fullmatch(r"figures/[\w-]+-column(-page\d+)?\.pdf", name) for name in more)
    assert "figures/footprint-resnet8-column.pdf" in usual and "figures/differences-column.pdf" in more
    for made in (usual, full):
        links = re.findall(rb'href="(figures/[^"#]+)"', made["index.html"] + made["details.html"])
        assert links and {link.decode() for link in links} <= set(made)


def test_nothing_of_this_machine_is_in_it(small, tmp_path: Path, without_latex: None):
    made = contents(_made(small.write(tmp_path), tmp_path / "out"))
    assert [name for name, data in made.items() if str(tmp_path).encode() in data] == []


def test_no_cell_at_all(small, tmp_path: Path, without_latex: None):
    states = dict.fromkeys([cell.name for cell in small.cells()], "missing")
    said = page(_made(replace(small, states=states).write(tmp_path), tmp_path / "out"))
    assert "No method has a result yet." in said
    assert "Of 6 cells, 6 missing." in said
    assert "has not been run" in said


def test_everything_failed(small, tmp_path: Path, without_latex: None):
    names = [cell.name for cell in small.cells()]
    states = {name: "failed" if name.startswith("train") else "missing" for name in names}
    said = page(_made(replace(small, states=states).write(tmp_path), tmp_path / "out"))
    assert "FloatingPointError: the loss is not a number" in said
    assert "needs train/resnet8/0, which failed" in said


def test_one_cell(small, tmp_path: Path, without_latex: None):
    states = dict.fromkeys([cell.name for cell in small.cells()][1:], "missing")
    assert "Of 6 cells, 5 missing." in page(_made(replace(small, states=states).write(tmp_path), tmp_path / "out"))


@pytest.mark.slow
def test_one_model_and_one_seed(small, tmp_path: Path, without_latex: None):
    out = _made(small.write(tmp_path), tmp_path / "out")
    assert "1 seed: too few for claims." in page(out)
    (record, *_) = json.loads((out / "data" / "results.json").read_text(encoding="utf-8"))
    assert record["top1_percent"] > 0
    assert not {"top1_low_percent", "top1_leading"} & set(record)  # no row has an interval, or leads


@pytest.mark.slow
def test_without_controls(runs, variants, tmp_path: Path, without_latex: None):
    chosen = (variants["original"], variants["float16"])
    made = runs(models=("resnet8",), seeds=(0, 1), variants=chosen).write(tmp_path)
    assert "There is no fine-tuned control" in page(_made(made, tmp_path / "out"))


def test_hostile_names_are_text_everywhere(runs, variants, tmp_path: Path):
    chosen = [variants[label] for label in ("original", "finetune", "other-seed", "random-weights")]
    for place, label in enumerate(("float16", "nncf-int8-ptq", "magnitude:sparsity=0.9")):
        nasty = f"{HOSTILE} {place}".replace("/", "|")
        chosen.append(
            replace(variants[label], label=label + nasty, title=f"{HOSTILE} {LONG if place else ''}", source=nasty)
        )
    words = {"title": HOSTILE, "authors": [HOSTILE, LONG], "abstract": HOSTILE, "logo": HOSTILE}
    made = runs(
        models=(f"net {HOSTILE}".replace("/", "|"), LONG),
        seeds=(0, 1),
        variants=tuple(chosen),
        classes=(HOSTILE,) * 10,
        report=words,
        states={f"compress/{LONG}/0/finetune": "failed"},
    ).write(tmp_path)
    summary = report([made], tmp_path / "out")
    source = (tmp_path / "out" / "details.html").read_text(encoding="utf-8")
    assert source.count("<script>") == 1
    assert f"<h1>{HOSTILE}</h1>" == unescape(re.search("<h1>.*?</h1>", source)[0])  # type: ignore[index]
    assert HOSTILE in page(tmp_path / "out")
    body = (tmp_path / "out" / "appendix-full-body.tex").read_text(encoding="utf-8")
    assert not [line for line in body.splitlines() if "\\input" in line and not line.startswith("%")]
    if shutil.which("pdflatex"):
        assert summary.note == ""
        log = (tmp_path / "out" / "appendix.log").read_text(encoding="utf-8")
        assert "passwd" not in "".join(re.findall(r"\([^()\n]*", log.partition("\\openout")[0]))
        assert [p for p in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", log) if float(p) > 2] == []


@pytest.mark.slow
def test_the_report_table_as_it_stands_now_is_what_the_report_says(small, tmp_path: Path, without_latex: None):
    folder, file = small.write(tmp_path / "runs"), tmp_path / "mine.toml"
    told = ["report", "--runs", str(folder.parent), "--out", str(tmp_path / "out"), "--profile", str(file)]
    folder.rename(folder.parent / "mine")
    file.write_text('seeds = [0]\n[report]\ntitle = "Edited & later"\nauthors = ["Zoë"]\n')
    assert main(told) == 0
    source = (tmp_path / "out" / "details.html").read_text(encoding="utf-8")
    assert "<title>Edited &amp; later</title>" in source
    assert "Zoë" in source
    file.write_text('[report]\naccent = "red"\n')
    assert main(told) == 2
    file.unlink()
    assert main([*told[:-1], "mine"]) == 0


@pytest.mark.slow
def test_several_profiles_stand_in_one_report(small, tmp_path: Path, without_latex: None):
    folders = [replace(small, name=name).write(tmp_path) for name in ("digits", "smoke")]
    out = tmp_path / "out"
    report(folders, out)
    source = (out / "details.html").read_text(encoding="utf-8")
    for name in ("digits", "smoke"):
        assert f'id="{name}-results"' in source
        assert (out / "data" / f"{name}-results.csv").is_file()
        assert (out / "figures" / f"{name}-footprint-resnet8.pdf").is_file()
    front = (out / "index.html").read_text(encoding="utf-8")
    assert 'id="matrix"' in front and 'id="matrix"' not in source
    assert "make bench report PROFILE=&#34;digits smoke&#34;" in front
    for name in ("digits", "smoke"):
        assert front.count(f'href="story-{name}.html"') == 2
        assert (out / f"story-{name}.html").is_file()
    assert (out / "data" / "side-by-side.csv").is_file()
    assert r"\label{innards:side-by-side}" in (out / "appendix-body.tex").read_text(encoding="utf-8")


def _made(folder: Path, out: Path, *, full: bool = False) -> Path:
    report([folder], out, full=full)
    return out


@pytest.mark.slow
def test_stories_of_an_earlier_report_go(small, tmp_path: Path, without_latex: None):
    folders = [replace(small, name=name).write(tmp_path) for name in ("digits", "smoke")]
    out = tmp_path / "out"
    report(folders, out)
    (out / "story-mine.html").write_text("not of a report")
    report(folders[:1], out)
    assert sorted(path.name for path in out.glob("*.html")) == ["details.html", "index.html", "story-mine.html"]
    assert not list((out / "data").glob("smoke-*"))


@pytest.mark.slow
def test_hostile_names_of_profiles_are_safe_and_distinct_files(small, tmp_path: Path, without_latex: None):
    names = ["digits", "Digits", "a b'; rm -rf $x", "digits-activation"]
    folders = [replace(small, name=name).write(tmp_path / f"runs{place}") for place, name in enumerate(names)]
    out = tmp_path / "out"
    report(folders, out)
    stories = {path.name for path in out.glob("story-*.html")}
    assert len({name.lower() for name in stories}) == len(names)
    assert all(re.fullmatch(r"story-\w+\.html", name, re.ASCII) for name in stories)
    front = (out / "index.html").read_text(encoding="utf-8")
    assert {f"story-{name}" for name in re.findall(r'href="story-([^"]*)"', front)} == stories
    files = [path.name.lower() for path in (out / "data").iterdir()]
    assert len(files) == len(set(files))


@pytest.mark.slow
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


@pytest.mark.sampled
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_report_that_is_killed_leaves_the_one_before_and_nothing_else(small, tmp_path: Path, end: int):
    folder, out = small.write(tmp_path / "runs"), tmp_path / "out"
    out.mkdir()
    (out / "details.html").write_text("the one before")
    command = [sys.executable, "-m", "bench", "report", "--profile", folder.name, "--runs", str(folder.parent)]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([*command, "--out", str(out)], env=environment, start_new_session=True, cwd=tmp_path)
    while not list(out.glob(".writing-*")) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(end)
    process.wait(60)
    deadline = time.monotonic() + 30
    while (_named(tmp_path) or list(tmp_path.rglob(".writing-*"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _named(tmp_path) and not list(tmp_path.rglob(".writing-*"))
    assert [path.name for path in out.iterdir()] == ["details.html"]
    assert (out / "details.html").read_text() == "the one before"


def _named(folder: Path) -> list[str]:
    """Command lines that name a folder."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in lines if str(folder) in line]
