"""`make` passes on paths as they are: with spaces, quotes and semicolons."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bench

MAKEFILE = Path(bench.__file__).parents[1] / "Makefile"
RECORDER = """\
import json, sys
with open("calls.jsonl", "a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
sys.exit(3 if sys.argv[3:6:2] == ["run", "failing"] else 0)
"""


@pytest.fixture
def make(tmp_path):
    """A checkout in a folder with a space, and a Python with one that only notes what it is called with."""
    folder = tmp_path / "my checkout"
    folder.mkdir()
    shutil.copy(MAKEFILE, folder)
    python = tmp_path / "my python"
    recorder = tmp_path / "recorder.py"
    recorder.write_text(RECORDER)
    # Not as `#!` of the recorder: that takes no path with a space, and this checkout's own may have one.
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(recorder))} "$@"\n')
    python.chmod(0o755)

    def called(*arguments):
        (folder / "calls.jsonl").unlink(missing_ok=True)
        command = ["make", *arguments, f"PYTHON={python}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done.stderr
        return [json.loads(line)[2:] for line in (folder / "calls.jsonl").read_text().splitlines()]

    called.folder = folder
    return called


def test_one_profile_by_name(make):
    assert make("bench", "report", "PROFILE=smoke") == [
        ["run", "--profile", "smoke", "--runs", "runs"],
        ["report", "--profile", "smoke", "--runs", "runs", "--out", "report"],
    ]


def test_several_profiles_are_separated_by_spaces(make):
    run, other, report = make("bench", "report", "PROFILE=smoke failing")
    assert (run[2], other[2]) == ("smoke", "failing")
    assert report[:4] == ["report", "--profile", "smoke", "failing"]


def test_a_file_may_have_spaces_and_quotes(make):
    name = "it's; mine.toml"
    (make.folder / name).touch()
    runs, report = make("bench", "report", f"PROFILE={name}", "RUNS=my runs", "OUT=it's out", "TEMPLATES=a b", "JOBS=2")
    assert runs == ["run", "--profile", name, "--runs", "my runs", "--jobs", "2"]
    assert report == [
        *("report", "--profile", name, "--runs", "my runs", "--out", "it's out"),
        *("--templates", "a b"),
    ]


def test_flags_are_words_of_the_shell(make):
    (run,) = make("bench", "RUN_FLAGS=--only '*/resnet8/*' --dry-run")
    assert run[-3:] == ["--only", "*/resnet8/*", "--dry-run"]
    (report,) = make("report", "REPORT_FLAGS=--full")
    assert report[-1] == "--full"
