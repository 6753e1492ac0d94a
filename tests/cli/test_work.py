import argparse

import pytest

from bench.cli import _work, main
from bench.errors import InputError
from bench.runner.executors.inline import Inline
from bench.runner.executors.processes import Processes


@pytest.fixture
def with_gpus(monkeypatch):
    """Makes this a machine with so many GPUs."""

    def pretend(count):
        monkeypatch.setattr(_work, "count_gpus", lambda: count)

    return pretend


@pytest.mark.parametrize(
    ("asked", "count", "places"),
    [
        ("cpu", 2, ["cpu"]),
        ("auto", 0, ["cpu"]),
        ("auto", 2, ["cuda:0", "cuda:1"]),
        ("cuda", 2, ["cuda:0", "cuda:1"]),
        ("cuda:1", 2, ["cuda:1"]),
    ],
)
def test_the_devices_that_are_asked_for(with_gpus, asked, count, places):
    with_gpus(count)
    assert _work.devices(asked) == places


@pytest.mark.parametrize(
    ("asked", "count", "sentence"),
    [
        ("cuda", 0, "there is no GPU here"),
        ("cuda:0", 0, "there is no GPU here"),
        ("cuda:9", 1, "there is one GPU here, expected cuda:0"),
        ("cuda:2", 2, "there are 2 GPUs here, expected cuda:0 or cuda:1"),
    ],
)
def test_a_gpu_that_is_not_there(with_gpus, asked, count, sentence):
    with_gpus(count)
    with pytest.raises(InputError, match=f"--device {asked}: {sentence}"):
        _work.devices(asked)


@pytest.mark.parametrize("asked", ["auto", "cpu"])
def test_gpus_are_not_counted_before_a_cell_is_worked(monkeypatch, asked):
    monkeypatch.setattr(_work, "count_gpus", lambda: pytest.fail("PyTorch was asked"))
    _work.check_workers(argparse.Namespace(device=asked, executor=None, address=""))


@pytest.mark.parametrize(
    ("jobs", "name", "count", "kind", "slots"),
    [(1, None, 0, Inline, 1), (2, None, 0, Processes, 2), (None, None, 3, Processes, 3), (2, "inline", 0, Inline, 1)],
)
def test_one_job_is_worked_here_and_several_in_processes(with_gpus, jobs, name, count, kind, slots):
    with_gpus(count)
    crew = _work.crew(argparse.Namespace(device="auto", jobs=jobs, executor=name), 1, lambda *_: None)
    crew.executor.close(at_once=True)
    assert isinstance(crew.executor, kind)
    assert crew.executor.slots == slots
    assert list(crew.devices) == ([f"cuda:{index}" for index in range(count)] or ["cpu"])


@pytest.mark.parametrize("command", ["run", "search"])
def test_no_run_starts_with_an_executor_that_is_not_there(command, tmp_path, capsys):
    asked = [command, "--profile", "smoke", "--runs", str(tmp_path / "runs"), "--executor", "proceses"]
    asked += ["--budget", "9kB"] if command == "search" else []
    assert main(asked) == 2
    assert "unknown executor 'proceses': did you mean 'processes'?" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("text", ["tpu", "gpu", "0", "", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:01", "cuda:1,2"])
def test_what_is_no_device(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected auto, cpu, cuda or cuda:N"):
        _work.device(text)


@pytest.mark.parametrize("command", ["run", "search"])
def test_no_run_starts_on_a_device_that_cannot_be(command, with_gpus, tmp_path, capsys):
    with_gpus(1)
    asked = [command, "--profile", "smoke", "--runs", str(tmp_path / "runs"), "--jobs", "1"]
    asked += ["--budget", "9kB"] if command == "search" else []
    with pytest.raises(SystemExit) as stop:
        main([*asked, "--device", "tpu"])
    assert stop.value.code == 2
    assert "argument --device: expected auto, cpu, cuda or cuda:N" in capsys.readouterr().err
    assert main([*asked, "--device", "cuda:1"]) == 2
    assert capsys.readouterr().err == "innards: --device cuda:1: there is one GPU here, expected cuda:0\n"
    assert not (tmp_path / "runs").exists()
