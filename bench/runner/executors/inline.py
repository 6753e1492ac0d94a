"""Cells worked in this process, one at a time: for a debugger."""

from __future__ import annotations

from concurrent.futures import Future

from bench.runner.job import Job, JobResult, Progress


class Inline:
    """An executor whose `submit` returns when the work is done."""

    slots = 1

    def __init__(self, progress: Progress):
        self.progress = progress

    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """Work the job now."""
        from bench.runner.work import work

        future: Future[JobResult] = Future()
        future.set_result(work(job, self.progress))
        return future

    def close(self, *, at_once: bool) -> None:
        """Nothing is left to let go."""
