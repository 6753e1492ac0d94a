"""The contract of an executor: what works jobs, in this process, in others, or on other machines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from bench import guests, registry
from bench.errors import InputError, did_you_mean
from bench.runner.job import Job, JobResult, Progress

PACKAGE = "bench.runner.executors"
ONE_AT_A_TIME, SEVERAL = "inline", "processes"  # what works one job, and more, unless a user names another
LOCAL = (ONE_AT_A_TIME, SEVERAL)


class WorkerDied(Exception):
    """A worker process ended without an answer: killed by the system, or crashed."""


class Executor(ABC):
    """Works jobs, at most `slots` at a time; one file in `bench/runner/executors/`, or `package.module:Class`.

    The driver alone plans, writes results and decides what comes next, all in one thread. It calls

    1. the constructor, once there is a job to work, with the number of jobs that the user wants to be worked at a time
       and a function to call after every epoch of a training: `progress(name of the cell, epoch, epochs, loss)`;
    2. `submit` with a job and a free slot, which stays taken until the future is done;
    3. `pump` a few times a second, between all other calls;
    4. `close`, once, also after an error or an interrupt.

    To work a job is to call `bench.runner.work.work(job, progress)` and to answer with what it returns. It never raises
    for a cell that fails: that is a result too. A `Job` and a `JobResult` hold plain data and can be pickled. A job
    needs nothing of the driver's machine but the folder of decoded images, `job.cache`, which it fills if it is empty.
    The same job gives the same files wherever it is worked, as long as the machines are alike.

    A slot is a place with a memory: a process remembers what `work` computed of the networks that all variants are
    compared with, so the driver sends jobs that ask for the same to the same slot (`bench.runner.queue`). An executor
    that ignores the slot is correct, but slower. The driver also chooses `job.device` by the slot.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> class Threads(Executor):
    ...     def __init__(self, jobs, progress):
    ...         super().__init__(jobs, progress)
    ...         self.pool = ThreadPoolExecutor(jobs)
    ...
    ...     def submit(self, job, slot):
    ...         return self.pool.submit(lambda: JobResult({"out": job.name.encode()}))  # work(job, self.progress)
    ...
    ...     def close(self, *, at_once):
    ...         self.pool.shutdown(cancel_futures=at_once)
    >>> with at_work(lambda: Crew(Threads(2, print), ["cpu"])) as hire:
    ...     executor = hire().executor
    ...     executor.submit(Job("train", "train/resnet8/0", {}, {}, {}, {}, Path(), "cpu"), slot=1).result().files
    {'out': b'train/resnet8/0'}

    Attributes:
        slots: number of jobs that can be worked at a time, at least 1; slots are numbered from 0.
        progress: as given to the constructor; to be called in the driver's thread, so from `submit` or `pump`.
    """

    def __init__(self, jobs: int, progress: Progress):
        self.slots = jobs
        self.progress = progress

    @abstractmethod
    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """Start a job in a free slot; the future raises `WorkerDied` if its process ended without an answer."""

    def pump(self) -> None:  # noqa: B027 (nothing to do unless workers have something to say)
        """Pass on the workers' messages since the last call."""

    def close(self, *, at_once: bool) -> None:  # noqa: B027 (nothing to do unless there are workers)
        """Let the workers go; `at_once` also stops busy ones."""


@dataclass(frozen=True)
class Demand:
    """What a run asks of a cluster.

    Attributes:
        jobs: how many are to be worked at a time; None for as many as there is room for.
        threads: that one cell computes with.
        device: as `--device` says: "auto", "cpu", "cuda" or "cuda:N".
        address: where the cluster answers; empty for one that is started for this run alone.
    """

    jobs: int | None
    threads: int
    device: str = "auto"
    address: str = ""


class ClusterExecutor(Executor):
    """An executor that finds its workers' machines and devices itself; others compute on those of the driver."""

    @classmethod
    @abstractmethod
    def check(cls, demand: Demand) -> None:
        """Refuse what can be seen to be wrong before anything is planned.

        Raises:
            InputError: it is.
        """

    @classmethod
    @abstractmethod
    def hire(cls, demand: Demand, progress: Progress) -> Crew:
        """The executor with its device, in place of the constructor.

        Raises:
            InputError: there is no such cluster, or it cannot meet the demand.
        """


@dataclass(frozen=True)
class Crew:
    """An executor with the devices that its slots share.

    Attributes:
        devices: "cpu", or "cuda:0" and others; slot i computes on device i modulo their number.
    """

    executor: Executor
    devices: Sequence[str]


Hire = Callable[[], Crew]


@contextmanager
def at_work(hire: Hire, during: AbstractContextManager[object] | None = None) -> Iterator[Hire]:
    """The same crew at every call, hired at the first and let go in the end, at once if something went wrong.

    Workers cost seconds to start, and to count GPUs PyTorch has to be imported; a run with nothing to do hires nobody.

    Args:
        during: entered before the crew is hired, left when it has gone.
    """
    crew: Crew | None = None

    def hired() -> Crew:
        nonlocal crew
        if crew is None:
            if during is not None:
                held.enter_context(during)
            crew = hire()
        return crew

    at_once = True
    with ExitStack() as held:
        try:
            yield hired
            at_once = False
        finally:
            if crew is not None:
                crew.executor.close(at_once=at_once)


def check_name(name: str) -> None:
    """Refuse an executor that does not exist, without importing the built-in ones, which may need PyTorch.

    Raises:
        InputError: no file has that name, and the nearest is named; or the user's own class cannot be used.
    """
    if guests.is_guest(name):
        registry.subclass(PACKAGE, name, Executor, "executor")
    elif name not in registry.names(PACKAGE):
        hint = did_you_mean(name, registry.names(PACKAGE))
        raise InputError(f"unknown executor {name!r}: {hint}; or give package.module:Class of your own")


def kind(name: str) -> type[Executor]:
    """The executor's class.

    Raises:
        InputError: see `check_name`; or the user's own class cannot be used, or what it needs is not installed.
    """
    found: type[Executor] = registry.subclass(PACKAGE, name, Executor, "executor")
    return found


def make(name: str, jobs: int, progress: Progress) -> Executor:
    """The executor of that name.

    Raises:
        InputError: see `kind`.
    """
    executor = kind(name)
    with guests.blamed(executor, f"executor {name!r}"):
        return executor(jobs, progress)
