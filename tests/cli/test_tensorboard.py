"""Learning curves as event files."""

from __future__ import annotations

import builtins
import json

import pytest

from bench.cli import _tensorboard
from bench.errors import InputError

HISTORY = [
    {"epoch": 1, "loss": 2.0, "learning_rate": 0.1, "validation_accuracy": 0.5},
    {"epoch": 2, "loss": 1.0, "learning_rate": 0.05, "validation_accuracy": None},
]


def curves(folder) -> dict[str, list[tuple[int, float]]]:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(folder)).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_curves_come_back(tmp_path):
    pytest.importorskip("tensorboard")
    _tensorboard.write(HISTORY, tmp_path / "events")
    found = curves(tmp_path / "events")
    assert found["loss"] == [(1, 2.0), (2, 1.0)]
    assert found["validation_accuracy"] == [(1, 0.5)]
    assert "epoch" not in found


def test_steps_go_on_where_epochs_begin_anew(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "history.json").write_text(json.dumps(HISTORY + HISTORY))
    _tensorboard.write_json(tmp_path / "history.json", tmp_path / "events")
    assert [step for step, _ in curves(tmp_path / "events")["loss"]] == [1, 2, 3, 4]


def test_no_epochs_no_file(tmp_path):
    pytest.importorskip("tensorboard")
    _tensorboard.write([], tmp_path / "events")
    assert not (tmp_path / "events").exists()


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("torch.utils.tensorboard"):
            raise ModuleNotFoundError("No module named 'tensorboard'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'innards\[tensorboard\]'"):
        _tensorboard.write(HISTORY, tmp_path)
