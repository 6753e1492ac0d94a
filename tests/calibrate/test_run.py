from __future__ import annotations

import json
import os
import signal

import pytest

from bench.calibrate import run
from bench.calibrate.run import calibrate, chosen_scenarios, load
from bench.errors import InputError


def statuses(rows) -> list[str]:
    return [row.status for row in rows]


def test_good_and_bad_coins_are_told_apart(coins, tmp_path):
    rows = calibrate(tmp_path, replications=2000)
    assert [row.what for row in rows] == ["interval", "test"] * 3
    assert statuses(rows) == ["within", "within", "covers too little", "within", "within", "rejects too often"]
    assert rows[2].measured_unwarned == 1.0


def test_what_is_there_is_kept(coins, tmp_path, monkeypatch):
    first = calibrate(tmp_path, replications=50)
    monkeypatch.setattr(run, "simulate", lambda *_: pytest.fail("simulated again"))
    assert calibrate(tmp_path, replications=50) == first == load(tmp_path, replications=50)


def test_an_interrupted_run_ends_as_an_uninterrupted_one(coins, tmp_path):
    whole, part = tmp_path / "whole", tmp_path / "part"
    calibrate(whole, replications=50)

    def stop(name: str, done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(part, replications=50, progress=stop)
    assert len(list(part.iterdir())) == 2
    assert len(load(part, replications=50)) == 4
    calibrate(part, replications=50)
    assert {p.name: p.read_bytes() for p in part.iterdir()} == {p.name: p.read_bytes() for p in whole.iterdir()}


def test_damaged_files_are_made_anew(coins, tmp_path):
    first = calibrate(tmp_path, replications=50)
    paths = sorted(tmp_path.iterdir())
    paths[0].write_text("{")
    paths[1].write_text(json.dumps({"rows": [{"what": "half a row"}]}))
    paths[2].write_text("[]")
    assert load(tmp_path, replications=50) == []
    assert calibrate(tmp_path, replications=50) == first


def test_more_replications_are_another_result(coins, tmp_path):
    calibrate(tmp_path, replications=50)
    assert load(tmp_path, replications=60) == []
    assert {row.replications for row in calibrate(tmp_path, replications=60)} == {60}


def test_progress_counts_what_is_there_already(coins, tmp_path):
    calibrate(tmp_path, replications=50, only="*0.8*")
    seen = []
    calibrate(tmp_path, replications=50, progress=lambda name, done, of: seen.append((done, of)))
    assert seen == [(2, 3), (3, 3)]


def test_processes_find_what_one_process_finds(tmp_path):
    pattern = "outputs/*/360"
    alone = calibrate(tmp_path / "alone", replications=5, only=pattern)
    together = calibrate(tmp_path / "together", replications=5, jobs=2, only=pattern)
    assert together == alone
    assert len(alone) == 12


def test_mistakes_are_told(coins, tmp_path):
    with pytest.raises(InputError, match="no scenario matches 'nothing'"):
        calibrate(tmp_path, only="nothing")
    with pytest.raises(InputError, match="replications"):
        calibrate(tmp_path, replications=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        calibrate(tmp_path / "file" / "folder")


def test_a_folder_that_cannot_be_written_is_told(coins, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(InputError, match="No space left"):
        calibrate(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_scenario_has_a_name_and_a_key_of_its_own():
    scenarios = chosen_scenarios()
    assert len({scenario.name for scenario in scenarios}) == len(scenarios)
    assert len({scenario.key(500) for scenario in scenarios}) == len(scenarios)


def test_a_killed_process_is_told_and_nothing_is_half_written(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "_simulate_and_write", die)
    with pytest.raises(InputError, match="process was killed"):
        calibrate(tmp_path, replications=5, jobs=2, only="outputs/*/360")
    assert list(tmp_path.iterdir()) == []


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_largest_whole_run_is_kept_with_its_date(tmp_path):
    assert run.finished(tmp_path) is None
    for size, kept in (("quick", "quick"), ("full", "full"), ("default", "full")):
        run.note(tmp_path, size)
        done = run.finished(tmp_path)
        assert (done.size, len(done.date)) == (kept, 10)
    (tmp_path / "finished.json").write_text("[]", encoding="utf-8")
    assert run.finished(tmp_path) is None
