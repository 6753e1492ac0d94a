"""What is said about how a cell was made is true of that cell's process."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bench
from bench.runner import provenance
from bench.runner.provenance import peak_memory

LARGE = 400_000_000
CHILD = "from bench.runner.provenance import peak_memory; print(peak_memory())"
PARENT = f"""
import subprocess, sys
held = b"1" * {LARGE}
subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process's peak is its own anyhow")
def test_a_process_is_not_charged_its_parents_memory():
    done = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True, check=True)
    assert 1_000_000 < int(done.stdout) < LARGE


def test_memory_that_was_given_back_still_counts():
    held = b"1" * LARGE
    del held
    assert peak_memory() > LARGE


def test_the_commit_is_that_of_innards_and_not_of_where_it_is_installed(tmp_path, monkeypatch):
    for command in ("init -q", "-c user.name=a -c user.email=b commit -q --allow-empty -m first"):
        subprocess.run(["git", "-C", tmp_path, *command.split()], check=True)
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "__init__.py"))
    assert provenance._commit() == {"commit": None, "dirty": None}
