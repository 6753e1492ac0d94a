"""Cells worked in this process, one at a time: for a debugger."""

from __future__ import annotations

from concurrent.futures import Future

from bench.runner.executor import Executor
from bench.runner.job import Job, JobResult, Progress
from bench.runner.work import work


class Inline(Executor):
    """Its `submit` returns when the work is done, so it has one slot, however many jobs a user wants at a time."""

    def __init__(self, jobs: int, progress: Progress):
        super().__init__(1, progress)

    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """Work the job now."""
        future: Future[JobResult] = Future()
        future.set_result(work(job, self.progress))
        return future
