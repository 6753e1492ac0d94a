import argparse
from importlib import metadata

import pytest

from bench.cli import _work, main
from bench.errors import InputError


@pytest.fixture
def with_gpus(monkeypatch, tmp_path):
    """Makes this a machine with a driver and so many GPUs."""

    def pretend(count, torch="2.14.1"):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(_work, "DRIVER", tmp_path / "gpus")
        monkeypatch.setattr(_work, "gpus_of_torch", lambda: 0)
        monkeypatch.setattr(metadata, "version", lambda _: torch)
        for index in range(count):
            (tmp_path / "gpus" / f"0000:0{index}:00.0").mkdir(parents=True)

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


@pytest.mark.parametrize("count", [0, 2])
def test_for_auto_torch_is_not_asked(with_gpus, monkeypatch, count):
    with_gpus(count)
    monkeypatch.setattr(_work, "gpus_of_torch", lambda: pytest.fail("torch was asked"))
    assert len(_work.devices("auto")) == max(count, 1)


def test_a_gpu_that_is_named_may_have_no_driver_to_see(with_gpus, monkeypatch):
    with_gpus(0)
    monkeypatch.setattr(_work, "gpus_of_torch", lambda: 2)
    assert _work.devices("cuda:1") == ["cuda:1"]


def test_hidden_gpus_and_those_of_a_torch_for_cpus_do_not_count(with_gpus, monkeypatch):
    with_gpus(2)
    for visible, count in (("1", 1), ("", 0), ("-1", 0), ("0,1,2", 2)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert _work.gpus() == count
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(metadata, "version", lambda _: "2.14.1+cpu")
    assert _work.gpus() == 0


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
