import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import main

MICRO = """
title = "As small as it can be"
seeds = [0, 1]
features = ["pooled"]

[data]
source = "digits"
probe = 16

[training]
epochs = 1

[finetuning]
epochs = 1

[[models]]
name = "resnet8"

[[methods]]
name = "magnitude"
sparsity = 0.9
"""


def _listen_to_interrupts():
    """A shell starts background jobs with interrupts ignored, which children inherit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class CommandLine:
    """`python -m bench` as a user calls it, in a folder of its own."""

    def __init__(self, folder, profile=MICRO):
        self.folder = folder
        self.profile = folder / "micro.toml"
        self.profile.write_text(profile)
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}

    def start(self, *arguments, **options):
        command = [sys.executable, "-m", "bench", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, preexec_fn=_listen_to_interrupts, **pipes, **options
        )

    def __call__(self, *arguments):
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=300)
        return Result(process.returncode, output, errors)

    def run(self, *arguments, runs="runs"):
        return self("run", "--profile", "micro.toml", "--runs", runs, "--device", "cpu", *arguments)

    def results(self, runs="runs"):
        """Every result file's bytes by place, without clocks, hosts and logs; kept margins have a date too."""
        folder = self.folder / runs / "micro"
        files = (path for path in folder.rglob("*") if path.is_file())
        apart = ("provenance.json", "log.txt")
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in files
            if path.name not in apart and not path.name.startswith("margins-")
        }


class Result:
    def __init__(self, code, output, errors):
        self.code, self.output, self.errors = code, output, errors

    def refuses(self, *words):
        """One sentence that holds these words, exit code 2, no traceback."""
        assert self.code == 2, self.errors
        assert "Traceback" not in self.errors
        assert all(word in self.errors for word in words), self.errors
        return True


@pytest.fixture
def bench(tmp_path):
    return CommandLine(tmp_path)


@pytest.fixture
def inside(bench, monkeypatch, capsys):
    """Commands in this process, in the folder of `bench`: enough for what a command says, and ten times as quick."""
    monkeypatch.chdir(bench.folder)

    def call(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The micro profile, run in this process's one worker: what all other ways of running must give."""
    bench = CommandLine(tmp_path_factory.mktemp("finished"))
    result = bench.run("--jobs", "1")
    assert result.code == 0, result.errors
    return bench


@pytest.fixture(scope="session")
def searching(tmp_path_factory):
    """The micro profile's folder for searches, in which nothing was run."""
    return CommandLine(tmp_path_factory.mktemp("searched"))
