"""One network under one method in a process of its own, which may take so much time and memory and no more."""

from __future__ import annotations

import multiprocessing
import resource
import signal
import time
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from bench.errors import MEMORY

SINGLE = "bench.sweep.single"
SLACK = 5  # wall seconds per second of processor time, before a process that only waits is ended


@dataclass(frozen=True)
class Bounds:
    """What a process may take.

    Attributes:
        seconds: of processor time.
        memory: bytes of its own, without what it maps from files.
    """

    seconds: int
    memory: int


def attempt(network: str, method: str, size: int, bounds: Bounds, by: str = SINGLE) -> dict[str, Any]:
    """What `bench.sweep.single.attempt` finds, or which bound it went over.

    Args:
        by: the module whose `attempt` is called, if another.

    Returns:
        "state", works, refused or fault; "reason" of the latter two; see there for the rest.
    """
    # The server imports PyTorch and NNCF once and forks a process for each pair, which starts within milliseconds and
    # ends with all its memory.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([SINGLE])
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sending, network, method, size, bounds, by), daemon=True)
    process.start()
    sending.close()
    try:
        outcome = receiving.recv() if receiving.poll(SLACK * bounds.seconds) else _over_time(bounds)
    except EOFError:  # it ended without a word
        process.join()
        outcome = _ended(process.exitcode, bounds)
    finally:
        process.kill()
        process.join()
    if outcome.get("reason", "").endswith(MEMORY):  # the bound is what there is
        outcome["reason"] = _memory(bounds)
    return outcome


def _work(sending: Connection, network: str, method: str, size: int, bounds: Bounds, by: str) -> None:
    # A process begins with the server's memory, which counts. The kernel ends it by SIGXCPU once its time is over; an
    # allocation beyond its memory fails, as on a smaller machine.
    soft = int(time.process_time()) + bounds.seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, soft + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (bounds.memory, bounds.memory))
    from bench.sweep import pairs

    try:
        outcome = import_module(by).attempt(pairs.model(network), method, size)
    except MemoryError:  # of what stands around the attempt
        outcome = {"state": "refused", "reason": _memory(bounds)}
    sending.send(outcome)


def _over_time(bounds: Bounds) -> dict[str, Any]:
    return {"state": "refused", "reason": f"it takes more than {bounds.seconds} seconds on one core"}


def _ended(code: int | None, bounds: Bounds) -> dict[str, Any]:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        # who sends SIGKILL is the kernel: for time, one second after SIGXCPU, or for memory of the whole machine
        return _over_time(bounds) if code == -signal.SIGXCPU else {"state": "refused", "reason": _memory(bounds)}
    return {"state": "fault", "reason": f"its process ended with code {code}"}


def _memory(bounds: Bounds) -> str:
    return f"it needs more than {bounds.memory / 2**30:g} GiB of memory"
