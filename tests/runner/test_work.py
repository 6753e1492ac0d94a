import json
import logging
import sys
import types
import warnings

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from bench import guests
from bench.compress.method import NotApplicable
from bench.runner import work
from bench.runner.job import Job


@pytest.fixture
def run_cell(monkeypatch, tmp_path):
    """Work a job whose cell is the given function."""

    def run(function):
        monkeypatch.setitem(sys.modules, "bench.runner.cells.train", types.SimpleNamespace(run=function))
        monkeypatch.setattr(work, "image_set", lambda *_: types.SimpleNamespace(fingerprint="here"))
        monkeypatch.setattr(guests, "_top_levels", set())  # another test's guest may be of these tests' package
        job = Job("train", "train/m/0", {"threads": 1}, {}, {}, {}, tmp_path, "cpu")
        told = []
        return work.work(job, lambda *message: told.append(message)), told

    return run


def test_files_and_progress_are_passed_on(run_cell):
    def cell(job, images, epoch):
        epoch(1, 2, 0.5)
        return {"out": b"x"}

    outcome, told = run_cell(cell)
    assert outcome.files == {"out": b"x"}
    assert told == [("train/m/0", 1, 2, 0.5)]
    assert outcome.provenance["threads"] == 1
    assert outcome.provenance["versions"]["innards"]


def test_an_error_becomes_a_file_with_one_line_and_the_log_keeps_the_rest(run_cell):
    def cell(job, images, epoch):
        raise ValueError("first line\nsecond line")

    outcome, _ = run_cell(cell)
    error = json.loads(outcome.files["error.json"])
    assert (error["kind"], error["reason"]) == ("failed", "ValueError: first line")
    assert "second line" in outcome.log


def test_other_images_than_planned_fail_the_cell(monkeypatch, tmp_path):
    monkeypatch.setattr(work, "image_set", lambda *_: types.SimpleNamespace(fingerprint="here"))
    job = Job("train", "train/m/0", {"threads": 1, "data": "there"}, {}, {}, {}, tmp_path, "cpu")
    error = json.loads(work.work(job, lambda *_: None).files["error.json"])
    assert error["kind"] == "failed"
    assert "are others: here, planned there" in error["reason"]


def test_a_refusal_is_no_failure(run_cell):
    def cell(job, images, epoch):
        raise NotApplicable("it has no convolution")

    outcome, _ = run_cell(cell)
    assert json.loads(outcome.files["error.json"]) == {"kind": "refused", "reason": "it has no convolution"}


def test_what_a_cell_prints_and_warns_is_its_log(run_cell, capsys):
    def cell(job, images, epoch):
        print("printed")
        warnings.warn("warned", stacklevel=1)
        for name in ("bench.compress.methods.mine", "elsewhere"):
            logging.getLogger(name).info("%s says", name)
            logging.getLogger(name).warning("%s warns", name)
        return {}

    outcome, _ = run_cell(cell)
    assert not logging.getLogger("bench.compress").isEnabledFor(logging.INFO)
    assert "bench.compress.methods.mine says" in outcome.log
    assert "elsewhere says" not in outcome.log
    assert "elsewhere warns" in outcome.log
    assert "printed" in outcome.log
    assert "UserWarning: warned" in outcome.log
    assert capsys.readouterr().out == ""


def test_an_interrupt_is_not_an_error_of_the_cell(run_cell):
    def cell(job, images, epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cell(cell)


class Unspeakable(BaseException):
    def __str__(self):
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SystemExit(7), "SystemExit: 7"),
        (Unspeakable(), "Unspeakable"),
        (ValueError("\n\nbad name 'a\udcff\x00'\nmore"), "ValueError: bad name 'a\\udcff\\x00'"),
        (NotApplicable("no convolution\nat all"), "no convolution"),
    ],
)
def test_whatever_is_raised_fails_the_cell_alone(run_cell, error, reason):
    def cell(job, images, epoch):
        raise error

    outcome, _ = run_cell(cell)
    assert json.loads(outcome.files["error.json"])["reason"] == reason


def test_a_cell_may_print_what_is_no_text(run_cell):
    def cell(job, images, epoch):
        sys.stdout.buffer.write(b"bytes \xff\n")
        print("surrogate \udcff")
        return {}

    outcome, _ = run_cell(cell)
    assert outcome.log.encode() == b"bytes \\xff\nsurrogate \\udcff\n"


def test_linear_algebra_takes_as_many_threads_as_the_cell_may(run_cell):
    def cell(job, images, epoch):
        pools = threadpool_info()
        assert any(pool["user_api"] == "blas" for pool in pools)
        return {"threads": json.dumps([pool["num_threads"] for pool in pools]).encode()}

    with threadpool_limits(2):
        outcome, _ = run_cell(cell)
    assert set(json.loads(outcome.files["threads"])) == {1}
