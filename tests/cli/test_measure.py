import json
import shutil

import pytest

from bench.cli import main
from bench.deploy import measure as measuring
from bench.runner import quiet

ANSWER = {
    "median_ms": 1.0, "lower_quartile_ms": 0.9, "upper_quartile_ms": 1.2, "passes": 5, "batch": 1, "warm_up": 1,
    "peak_memory_bytes": 2, "network_memory_bytes": 1, "version": "1.0", "other_cores": 0.0,
}  # fmt: skip


@pytest.fixture
def there(finished, tmp_path, monkeypatch):
    shutil.copytree(finished.folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def timed(monkeypatch):
    """What is asked to be timed, with an answer that takes no time."""
    asked = []

    def answer(request):
        asked.append(request)
        return {**ANSWER, "threads": request.threads}

    monkeypatch.setattr(measuring, "_answer", answer)
    return asked


ASKED = ["measure", "--profile", "micro.toml", "--engines", "pytorch"]
ONE = [*ASKED, "--only", "compress/resnet8/*/magnitude*"]


def kept(there):
    return {path.parent.name: json.loads(path.read_text()) for path in there.glob("runs/micro/*/measurements.json")}


def test_one_seed_is_measured_and_kept_outside_the_results(finished, there, timed, capsys):
    before = finished.results()
    assert main(ONE) == 0
    assert "1 measured, 0 kept, 0 failed" in capsys.readouterr().out
    ((key, answers),) = kept(there).items()
    assert answers["pytorch"]["median_ms"] == 1.0 and answers["pytorch"]["threads"] == 1
    finished.folder, folder = there, finished.folder
    try:
        results = finished.results()
    finally:
        finished.folder = folder
    added = f"{key}/measurements.json"
    assert results.pop(added) and results == before
    assert main(["status", "--profile", "micro.toml"]) == 0
    assert "20 done, 0 failed" in capsys.readouterr().out


def test_what_is_measured_is_kept_until_it_is_asked_for_again(there, timed, capsys):
    for more, said in (([], "1 measured, 0"), ([], "0 measured, 1 kept"), (["--again"], "1 measured, 0"),
                       (["--threads", "2"], "1 measured, 0"), (["--every-seed"], "2 measured, 0 kept")):  # fmt: skip
        assert main([*ONE, *more]) == 0
        assert said in capsys.readouterr().out
    assert [request.threads for request in timed] == [1, 1, 2, 1, 1]


def test_a_damaged_measurement_is_made_again(there, timed, capsys):
    assert main(ONE) == 0
    (file,) = there.glob("runs/micro/*/measurements.json")
    file.write_bytes(file.read_bytes().replace(b"1.0", b"9.0"))
    assert main(ONE) == 0
    assert kept(there).popitem()[1]["pytorch"]["median_ms"] == 1.0
    assert len(timed) == 2


def test_what_was_measured_before_a_stop_stays(there, timed, monkeypatch, capsys):
    real, calls = measuring._answer, []

    def stopped(request):
        calls.append(request)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(request)

    monkeypatch.setattr(measuring, "_answer", stopped)
    assert main(ASKED) == 130
    assert len(kept(there)) == 2
    assert main(ASKED) == 0
    assert "3 measured, 2 kept" in capsys.readouterr().out


def test_nothing_is_timed_while_cells_are_worked(there, timed, capsys):
    with quiet.working(there / "runs"):
        assert main(ONE) == 2
    assert "cells of runs are at work" in capsys.readouterr().err and not timed
    with quiet.alone(there / "runs"):
        shutil.rmtree(next(path.parent for path in there.glob("runs/micro/*/similarity.npz")))
        assert main(["run", "--profile", "micro.toml", "--device", "cpu", "--jobs", "1"]) == 2
        assert "being timed" in capsys.readouterr().err


def test_a_run_with_nothing_to_do_disturbs_nobody(there, capsys):
    with quiet.alone(there / "runs"):
        assert main(["run", "--profile", "micro.toml", "--device", "cpu", "--jobs", "1"]) == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--only", "compress/vgg/*"], "matches no cell"),
        (["--engines", "pytroch"], "unknown engine 'pytroch'"),
        (["--profile", "smoke"], "holds no plan.json"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(more, words, there, timed, capsys):
    assert main([*ASKED, *more]) == 2
    told = capsys.readouterr().err
    assert words in told and len(told.splitlines()) == 1


def test_a_failure_is_kept_and_told(there, monkeypatch, capsys):
    monkeypatch.setattr(measuring, "_answer", lambda request: {"reason": "no such operation"})
    assert main(ONE) == 3
    assert "no such operation" in capsys.readouterr().out
    assert kept(there).popitem()[1]["pytorch"]["reason"] == "no such operation"
