"""Cells worked by Ray (extra ray): on this machine, or on the nodes of the cluster at --address."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.errors import InputError
from bench.guests import first_line
from bench.runner.executor import ClusterExecutor, Crew, Demand, WorkerDied
from bench.runner.job import Job, JobResult, Progress
from bench.runner.provenance import machine

if find_spec("ray") is None:
    raise InputError("executor ray needs ray, which is not installed: pip install 'innards[ray]'")

import ray
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, RayTaskError, RuntimeEnvSetupError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from bench.runner.executors import _ray_cluster, _ray_worker
from bench.runner.executors._ray_cluster import capacity, fit, free, joined, resources

HOMELESS = 60.0  # seconds without a worker, or without a node that has room for one, after which there will be none
# Starts of each worker before what fails there counts as missing. Nodes that share a disk unpack the code into one
# folder: one of them may take it away for a moment while a worker of another begins there.
TRIES = 3
PAUSE = 2.0  # seconds before another worker is asked for in place of one that died before it began


@dataclass(eq=False)
class Place:
    """A slot's actor.

    Attributes:
        greeting: what its first answer is asked for by.
        host: where it is; empty until it has answered.
        busy: whether it works a job.
        again: when another is asked for, if it died before it began.
    """

    actor: Any
    greeting: Any
    host: str = ""
    busy: bool = False
    again: float | None = None


class Ray(ClusterExecutor):
    """One actor per slot: a process somewhere that remembers, with its cores and, if wanted, a GPU of its own.

    Results come back by Ray's object store, so that the driver alone writes `runs/` and the nodes share no disk.
    """

    # The slot that the driver chooses is a wish. An actor whose node died may wait for room for ever, and one that
    # starts takes seconds: meanwhile its job goes to whichever actor is idle.

    def __init__(self, jobs: int, progress: Progress, *, threads: int, device: str, code: Mapping[str, str]):
        super().__init__(jobs, progress)
        self.threads, self.device = threads, device
        self.held = ExitStack()  # the connection, once it stands
        driver = machine()
        self.versions = driver["versions"]
        self.origin = {name: driver[name] for name in ("commit", "dirty")}  # of the code that is shipped
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        box: Any = ray.remote(_ray_worker.Messages)
        self.messages = box.options(num_cpus=0, scheduling_strategy=here).remote()
        self.unheard = self.messages.take.remote()
        options = {"num_cpus": threads, "num_gpus": int(device != "cpu"), "max_restarts": 0}
        self.kind = ray.remote(_ray_worker.Worker).options(**options)
        self.arguments = (str(Path.cwd()), dict(code), self.messages)
        self.waiting: deque[tuple[Job, int, Future[JobResult]]] = deque()
        self.ended: deque[tuple[Place, BaseException | None]] = deque()
        self.stillborn_since: float | None = None
        self.stillborn = 0  # workers that died before they began, since the last that did begin
        self.homeless_since: float | None = None
        self.places = [self._place() for _ in range(jobs)]

    @classmethod
    def check(cls, demand: Demand) -> None:
        """See ClusterExecutor."""
        if demand.device not in ("auto", "cpu", "cuda"):
            raise InputError(
                f"--device {demand.device}: Ray chooses the GPU of each worker, expected cuda, cpu or auto"
            )
        _ray_cluster.check_address(demand.address)

    @classmethod
    def hire(cls, demand: Demand, progress: Progress) -> Crew:
        """See ClusterExecutor."""
        cls.check(demand)
        with ExitStack() as held:
            code = held.enter_context(joined(demand))
            room, device = fit(demand, ray.nodes())
            jobs = demand.jobs or free(demand.threads, room, device)
            made = cls(jobs, progress, threads=demand.threads, device=device, code=code)
            made.held = held.pop_all()
            return Crew(made, [device])

    def submit(self, job: Job, slot: int) -> Future[JobResult]:
        """Hand the job to the slot's actor, or to another that is idle while that one has not begun."""
        answer: Future[JobResult] = Future()
        # A relative path means another folder on each machine.
        self.waiting.append((replace(job, cache=job.cache.absolute()), slot, answer))
        self._hand_out()
        return answer

    def pump(self) -> None:
        """Pass on the epochs since the last call, and hand out jobs to actors that have begun since."""
        self._listen()
        self._hand_out()
        self._look_for_room()

    def close(self, *, at_once: bool) -> None:
        """End the actors, and the cluster if it was started for this run."""
        for worker in self.places:
            ray.kill(worker.actor)
        ray.kill(self.messages)
        self.held.close()

    def _place(self) -> Place:
        actor: Any = self.kind.remote(*self.arguments)
        return Place(actor, actor.greet.remote())

    def _hand_out(self) -> None:
        self._bury()
        self._welcome()
        for _ in range(len(self.waiting)):
            job, slot, answer = self.waiting.popleft()
            places = [self.places[slot], *self.places]
            worker = next((worker for worker in places if worker.host and not worker.busy), None)
            if worker is None:
                self.waiting.append((job, slot, answer))
            else:
                self._work(job, worker, answer)

    def _work(self, job: Job, worker: Place, answer: Future[JobResult]) -> None:
        worker.busy = True

        # Called by a thread of Ray's. The place is noted first, since the answer has the next job handed out at once.
        def pass_on(done: Future[JobResult]) -> None:
            error = done.exception()
            self.ended.append((worker, error))
            if error is None:
                result = done.result()
                answer.set_result(replace(result, provenance={**result.provenance, **self.origin}))
            elif isinstance(error, RayTaskError):
                answer.set_exception(error.cause)
            else:
                answer.set_exception(WorkerDied(_death(error, worker.host)) if isinstance(error, RayError) else error)

        worker.actor.work.remote(job).future().add_done_callback(pass_on)

    def _bury(self) -> None:
        """Free the actors that have ended a job, and replace those that died."""
        while self.ended:
            worker, error = self.ended.popleft()
            worker.busy = False
            if error is not None and not isinstance(error, RayTaskError):
                self._replace(worker)

    def _replace(self, worker: Place) -> None:
        ray.kill(worker.actor)  # it may only be out of reach, and would then work on beside its successor
        self.places[self.places.index(worker)] = self._place()

    def _welcome(self) -> None:
        """Hear which actors have begun."""
        for worker in [worker for worker in self.places if worker.again and worker.again < time.monotonic()]:
            self._replace(worker)
        expected = {worker.greeting: worker for worker in self.places if not worker.host and not worker.again}
        if not expected:
            return
        heard, _ = ray.wait(list(expected), num_returns=len(expected), timeout=0)
        for greeting in heard:
            worker = expected[greeting]
            try:
                greeted = ray.get(greeting)
            except RayError as error:
                # Until Ray has noticed that a node died, which takes half a minute, it may plan workers there.
                now = time.monotonic()
                self.stillborn_since = self.stillborn_since or now
                self.stillborn += 1
                hopeless = self.stillborn > TRIES * len(self.places) and _is_for_good(error)
                gone = now - self.stillborn_since > HOMELESS or hopeless
                if gone and not any(worker.host for worker in self.places):
                    raise InputError(f"Ray's workers do not begin: {_reason(error)}") from error
                worker.again = now + PAUSE
            else:
                self._compare(greeted)
                self.stillborn_since, self.stillborn = None, 0
                worker.host = greeted["host"]

    def _compare(self, greeted: Mapping[str, Any]) -> None:
        # The same cell must be the same bytes wherever it is worked, which other versions of PyTorch do not promise.
        for name, version in self.versions.items():
            if greeted["versions"].get(name) != version:
                there = greeted["versions"].get(name, "none")
                raise InputError(f"node {greeted['host']} has {name} {there}, this machine {version}: install the same")

    def _listen(self) -> None:
        if self.unheard is None or not ray.wait([self.unheard], timeout=0)[0]:
            return
        try:
            messages = ray.get(self.unheard)
        except RayError:  # epochs are shown to people; no result depends on them
            self.unheard = None
            return
        self.unheard = self.messages.take.remote()
        for message in messages:
            self.progress(*message)

    def _look_for_room(self) -> None:
        """End a run for which no node is left, in place of waiting for ever.

        Raises:
            InputError: there has been none for a while.
        """
        if any(worker.host for worker in self.places) or capacity(resources(ray.nodes()), self.threads, self.device):
            self.homeless_since = None
            return
        self.homeless_since = self.homeless_since or time.monotonic()
        if time.monotonic() - self.homeless_since > HOMELESS:
            raise InputError(
                "no node of the cluster has room for a worker any more; what was finished is kept, run again to resume"
            )


def _death(error: BaseException, host: str) -> str:
    # Ray's own text guesses at causes, a lack of memory among them, and when a node dies its workers' lines often break
    # first. What it ended itself it knows.
    if isinstance(error, OutOfMemoryError) or "running low on memory" in str(error):
        return f"its worker process on {host} was stopped because the node's memory ran out: try fewer --jobs"
    if isinstance(error, NodeDiedError):
        return f"its node {host} died"
    return f"its worker process on {host} ended without an answer"


def _is_for_good(error: RayError) -> bool:
    """Whether every other worker would die before it begins too: what it needs is not on the nodes."""
    return isinstance(error, RuntimeEnvSetupError) or "creation task" in str(error)


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else first_line(error)
