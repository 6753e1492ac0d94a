"""Cells worked in worker processes of this machine, each process one cell at a time."""

from __future__ import annotations

import multiprocessing
import queue
import signal
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pebble import ProcessExpired, ProcessPool

from bench import runner
from bench.runner.executor import Executor, WorkerDied
from bench.runner.job import Job, JobResult, Progress

UNBEGUN = "its worker process ended before it began"
_messages: Any = None  # the queue to the driver; set in workers only, where a scheduled function cannot be given it


class Processes(Executor):
    """Fresh interpreters, one per slot, so that no state of the driver leaks into a cell."""

    def __init__(self, jobs: int, progress: Progress):
        super().__init__(jobs, progress)
        # A forked process would inherit the driver's threads' locks and, once CUDA is in use, could not use it at all.
        context = multiprocessing.get_context("spawn")
        self.messages = context.Queue()
        self.context = context
        self.workers = [self._worker() for _ in range(jobs)]

    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """Hand the job to the slot's worker, or to a new one if that has died since its last job."""
        # One pool per slot, each with one process: a job goes to the worker that remembers its topic, and a death costs
        # the cell of that worker alone. A pool that lost its only process is no longer active and takes no jobs.
        if not self.workers[slot].active:
            self.workers[slot].stop()
            self.workers[slot].join()
            self.workers[slot] = self._worker()
        answer: Future[JobResult] = Future()
        try:
            working = self.workers[slot].schedule(_work, args=(job,))
        except RuntimeError:  # it has died since it was looked at
            answer.set_exception(WorkerDied(UNBEGUN))
        else:
            working.add_done_callback(lambda done: _pass_on(done, answer))
        return answer

    def _worker(self) -> ProcessPool:
        return ProcessPool(1, context=self.context, initializer=_start, initargs=(self.messages,))

    def pump(self) -> None:
        """Pass on the epochs that the workers have finished since the last call."""
        while True:
            try:
                self.progress(*self.messages.get_nowait())
            except queue.Empty:
                return

    def close(self, *, at_once: bool) -> None:
        """Let the workers go."""
        # The queue's own thread would wait until its messages are read, which nobody does any more.
        for worker in self.workers:
            worker.stop() if at_once else worker.close()
        for worker in self.workers:
            worker.join()
        self.messages.close()
        self.messages.cancel_join_thread()


# The driver waits on a future of its own, not on pebble's, so that it knows one exception for every way to die.
def _pass_on(done: Future[JobResult], answer: Future[JobResult]) -> None:
    if done.cancelled():
        answer.cancel()
        return
    error = done.exception()
    if isinstance(error, ProcessExpired):
        answer.set_exception(WorkerDied(_death(error)))
    elif isinstance(error, BrokenProcessPool):
        answer.set_exception(WorkerDied(UNBEGUN))
    elif error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(done.result())


def _death(error: ProcessExpired) -> str:
    # A negative exit code is the number of the signal that ended the process. Unless a person sent SIGKILL, the kernel
    # did, because memory had run out.
    code = error.exitcode or 0
    if code < 0:
        cause = f"was killed by {signal.Signals(-code).name}"
        hint = "; the system may have run out of memory: try fewer --jobs" if code == -signal.SIGKILL else ""
        return f"its worker process {cause}{hint}"
    return f"its worker process ended with exit code {code} and no answer"


def _start(messages: Any) -> None:
    global _messages
    _messages = messages
    _messages.cancel_join_thread()  # a worker that is stopped does not wait until its messages are read
    # Ctrl-C goes to every process of the terminal's group. Only the driver may act on it: it stops the workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(job: Job) -> JobResult:
    return runner.work.work(job, lambda *message: _messages.put(message))
