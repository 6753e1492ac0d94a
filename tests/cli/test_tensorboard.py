"""Learning curves as event files."""

from __future__ import annotations

import json

import pytest

from bench.cli import _tensorboard
from bench.errors import InputError
from bench.runner import tensorboard

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
    tensorboard.writer.write(HISTORY, tmp_path / "events")
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
    tensorboard.writer.write([], tmp_path / "events")
    assert not (tmp_path / "events").exists()


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(_tensorboard, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'innards\[tensorboard\]'"):
        _tensorboard.check(tmp_path)


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_trained(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        _tensorboard.check(tmp_path / "file" / "events")


@pytest.mark.slow
def test_event_files_are_written_as_cells_train_and_change_no_result(finished, bench):
    pytest.importorskip("tensorboard")
    assert bench.run("--jobs", "1", "--tensorboard", "events").code == 0
    assert bench.results() == finished.results()
    trainings = list((bench.folder / "events" / "train" / "resnet8").iterdir())
    assert sorted(folder.name for folder in trainings) == ["0", "1"]
    assert all(set(curves(folder)) >= {"loss", "learning_rate", "images_per_second"} for folder in trainings)
    # Where nothing was trained any more, curves are those of the histories, once.
    for _ in range(2):
        assert bench.run("--jobs", "1", "--tensorboard").code == 0
    (file,) = (bench.folder / "runs" / "micro" / "tensorboard" / "train" / "resnet8" / "0").iterdir()
    assert set(curves(file.parent)) == {"loss", "learning_rate", "validation_accuracy"}
