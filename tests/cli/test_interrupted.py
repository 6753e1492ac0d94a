"""A run that is killed in the middle of a training goes on there, and ends in the same bytes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time

import psutil
import pytest
from safetensors import SafetensorError, safe_open

from tests.cli.conftest import CommandLine

LONG = """
title = "A training and a fine-tuning to be killed in"
seeds = [0]
features = ["pooled"]

[data]
source = "digits"
probe = 16

[training]
epochs = 8
keep = "best"

[finetuning]
epochs = 6
optimizer = "adam"
learning_rate = 1e-3
schedule = "cosine"

[[models]]
name = "resnet8"

[[methods]]
name = "magnitude-finetune"
sparsity = 0.9
distill = true
"""


def steps_of(runs) -> int:
    """Steps of the state that lies in a run's folder; 0 if there is none."""
    for file in runs.glob("micro/.training/*/training-1.safetensors"):
        with contextlib.suppress(OSError, SafetensorError), safe_open(file, "pt") as opened:
            return json.loads(opened.metadata()["state"])["step"]
    return 0


def kill_inside(bench: CommandLine, only: str) -> None:
    """Start a run and kill it, with all its processes, once a cell has kept a state and works on."""
    process = bench.start("run", "--profile", "micro.toml", "--device", "cpu", "--only", only, start_new_session=True)
    deadline = time.monotonic() + 120
    while not steps_of(bench.folder / "runs") and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.slow  # `test_checkpoints.py` kills a training, `test_run.py` a run
def test_a_run_that_is_killed_inside_a_training_goes_on_there(tmp_path):
    bench = CommandLine(tmp_path, LONG)
    method = "compress/resnet8/0/magnitude-finetune:*"
    for only in ("train/*", method):
        kill_inside(bench, only)
        assert steps_of(tmp_path / "runs")
        assert bench.run("--only", only).code == 0
        assert not list((tmp_path / "runs" / "micro").glob(".training*"))
    logs = [path.read_text() for path in (tmp_path / "runs" / "micro").glob("*/log.txt")]
    assert sum("before it was interrupted: it goes on" in log for log in logs) == 2
    assert bench.run("--only", method, runs="others").code == 0
    assert bench.results() == bench.results("others")


@pytest.mark.slow
def test_a_run_whose_rank_is_killed_goes_on_from_its_state(tmp_path):
    bench = CommandLine(tmp_path, LONG.replace("epochs = 8", "epochs = 60\ndevices = 2"))
    process = bench.start("run", "--profile", "micro.toml", "--device", "cpu", "--only", "train/*")
    deadline = time.monotonic() + 120
    while not steps_of(tmp_path / "runs") and time.monotonic() < deadline:
        time.sleep(0.02)
    ranks = [child for child in psutil.Process(process.pid).children(recursive=True) if "_rank" in str(child.cmdline())]
    ranks[0].kill()
    process.communicate(timeout=120)
    assert process.returncode == 3
    (error,) = (tmp_path / "runs" / "micro").glob("*/error.json")
    assert "rank 1 of 2 was killed by SIGKILL" in error.read_text()
    done = steps_of(tmp_path / "runs")
    assert bench.run("--only", "train/*", "--retry-failed").code == 0
    (log,) = (tmp_path / "runs" / "micro").glob("*/log.txt")
    assert f"{done} steps of the training were done before it was interrupted" in log.read_text()
    assert bench.run("--only", "train/*", runs="others").code == 0
    assert bench.results() == bench.results("others")
