from pathlib import Path

from bench.runner.executors import inline
from bench.runner.job import Job, JobResult

JOB = Job("train", "train/m/0", {}, {}, {}, {}, Path(), "cpu")


def test_the_work_is_done_when_submit_returns(monkeypatch):
    monkeypatch.setattr(inline, "work", lambda job, progress: JobResult({"out": job.name.encode()}))
    answer = inline.Inline(1, print).submit(JOB, 0)
    assert answer.done()
    assert answer.result().files == {"out": b"train/m/0"}


def test_epochs_are_passed_on_at_once(monkeypatch):
    epochs = []
    monkeypatch.setattr(inline, "work", lambda job, progress: progress(job.name, 1, 2, 0.5) or JobResult({}))
    inline.Inline(1, lambda *message: epochs.append(message)).submit(JOB, 0)
    assert epochs == [("train/m/0", 1, 2, 0.5)]


def test_it_has_one_slot_however_many_jobs_are_wanted():
    assert inline.Inline(4, print).slots == 1
