"""How a run joins a cluster of Ray's, or starts one of this machine, and how many workers there is room for."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import ray
from ray._private.node import Node

from bench.errors import InputError
from bench.guests import first_line
from bench.runner.executor import Demand
from bench.runner.executors import _ray_code

ANSWERING = 5.0  # seconds that a cluster has to answer in before it counts as not there
# What HTTP/2 begins with (RFC 9113, 3.4), by which Ray's processes talk, and the type of the frame that answers it.
PREFACE, SETTINGS = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]), 4
AUTO = "auto"


def check_address(address: str) -> None:
    """Refuse an address where no cluster answers.

    Raises:
        InputError: it is none, or nobody answers as Ray does.
    """
    # Ray itself asks for minutes before it gives up, and then ends the process.
    if address in ("", AUTO):
        return
    parts = re.fullmatch(r"(?:\[(.+)\]|([^:/]+)):(\d{1,5})", address)
    if parts is None:
        raise InputError(f"--address {address!r}: expected auto or HOST:PORT of the head node, e.g. 10.0.0.1:6379")
    host, port = parts[1] or parts[2], int(parts[3])
    try:
        with socket.create_connection((host, port), ANSWERING) as line:
            line.settimeout(ANSWERING)
            line.sendall(PREFACE)
            answer = line.recv(9)
    except (OSError, OverflowError) as error:
        raise InputError(f"--address {address}: nobody answers there ({first_line(error) or 'no word'})") from error
    if len(answer) < 4 or answer[3] != SETTINGS:
        raise InputError(f"--address {address}: what answers there is not Ray")


@contextmanager
def joined(demand: Demand) -> Iterator[dict[str, str]]:
    """A connection to the cluster, or to one that is started for as long; yields the user's folders of code there.

    Raises:
        InputError: there is none, or it refuses.
    """
    check_address(demand.address)
    with ExitStack() as held:
        folder = Path(held.enter_context(_temporary()))
        code = _ray_code.pack(folder / "code")
        # Ray passes this on to all that it starts. Usage statistics would call out.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        environment = {"OMP_NUM_THREADS": str(demand.threads), "RAY_USAGE_STATS_ENABLED": "0"}
        options: dict[str, Any] = {
            "runtime_env": {"working_dir": str(folder / "code"), "env_vars": environment},
            "log_to_driver": False,
            "logging_level": "ERROR",
        }
        if demand.address:
            options["address"] = demand.address
        else:
            # Ray's processes listen to the network; whoever lacks the token, which is new each time, is turned away.
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            options |= {"address": "local", "include_dashboard": False, "_temp_dir": str(folder / "ray")}
            options["num_cpus"] = len(os.sched_getaffinity(0))
            if demand.device == "cpu":
                options["num_gpus"] = 0
        held.callback(ray.shutdown)
        with _own_signals(), _without_reports():
            try:
                ray.init(**options)
            except (Exception, SystemExit) as error:
                where = f"joining the cluster at {demand.address}" if demand.address else "starting Ray"
                raise InputError(f"{where} fails: {first_line(error) or type(error).__name__}") from error
        yield code


@contextmanager
def _temporary() -> Iterator[str]:
    # Names of sockets hold at most 107 bytes, of which Ray's own part takes 70.
    base = tempfile.gettempdir() if len(tempfile.gettempdir()) < 20 else "/tmp"
    folder = tempfile.mkdtemp(prefix="ray-", dir=base)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray answers requests to end in a way of its own, which would pass over ours."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _without_reports() -> Iterator[None]:
    """Have no process started that reports on usage: though it is off, it asks the network in which cloud it is."""
    # Ray has no setting for this; `include_dashboard=False` leaves out all but this part of that process.
    if not hasattr(Node, "start_api_server"):
        yield
        return
    with mock.patch.object(Node, "start_api_server", lambda *_, **__: None):
        yield


def fit(demand: Demand, nodes: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """How many workers the nodes have room for, and their device.

    Args:
        nodes: see `ray.nodes`.

    Raises:
        InputError: no worker, or fewer than the demand names, can ever start there.
    """
    rooms = resources(nodes)
    gpus = sum(gpu for _, gpu in rooms)
    if demand.device == "cuda" and not gpus:
        raise InputError("--device cuda: no node of the cluster has a GPU, expected cpu or auto")
    device = "cuda:0" if gpus and demand.device != "cpu" else "cpu"
    most = max((cores for cores, _ in rooms), default=0)
    workers = capacity(rooms, demand.threads, device)
    if not workers:
        threads = "one thread" if demand.threads == 1 else f"{demand.threads} threads"
        beside = " beside a GPU" if device != "cpu" else ""
        raise InputError(
            f"no node has room for a worker: a cell of this profile computes with {threads}{beside}, "
            f"and the most cores of a node are {most}"
        )
    if demand.jobs is not None and demand.jobs > workers:
        raise InputError(f"--jobs {demand.jobs}: the cluster has room for {workers} at a time, expected at most that")
    return workers, device


def resources(nodes: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Cores and GPUs of every node that lives."""
    amounts = [node["Resources"] for node in nodes if node["Alive"]]
    return [(int(amount.get("CPU", 0)), int(amount.get("GPU", 0))) for amount in amounts]


def capacity(rooms: Sequence[tuple[int, int]], threads: int, device: str) -> int:
    """How many workers of so many threads fit into the nodes, each with a GPU of its own unless the device is "cpu"."""
    return sum(cores // threads if device == "cpu" else min(cores // threads, gpus) for cores, gpus in rooms)


def free(threads: int, workers: int, device: str) -> int:
    """How many workers can start now, at least one: others may compute on the same cluster."""
    there = ray.available_resources()
    cores = int(there.get("CPU", 0)) // threads
    return max(1, min(workers, cores if device == "cpu" else min(cores, int(there.get("GPU", 0)))))
