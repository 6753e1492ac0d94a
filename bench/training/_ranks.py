"""The processes of a training on several devices: started by the one that trains, which is rank 0, and ended by it."""

# Ranks are told what to do on their standard input, which stays open: when rank 0 ends, however it does, the system
# closes it, and they end too. They meet through a file, and talk through the loopback interface alone.

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import distributed, nn

from bench.errors import InputError
from bench.training._sending import to_bytes
from bench.training._team import Alone, Team
from bench.training.checkpoints import Interrupted
from bench.training.distillation import Distillation
from bench.training.hooks import Hook, all_on_tensors, plain_values
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule

if TYPE_CHECKING:
    from bench.data import Split
    from bench.task import Task

LONGEST = timedelta(hours=24)  # that ranks wait for rank 0, which validates and writes
LATE = 10  # seconds that a rank has to end after its last step
MOMENT = 3.0  # seconds in which the death of a rank is noticed, once talking to it failed
# As `bench.runner.allocator` has it in this process: freed memory stays for the next batch.
KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**31 - 1), "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
COMMAND = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from bench.training._rank import main; main()"
LOOPBACK = ("lo", "lo0")  # Linux, macOS


class CannotSpread(InputError):
    """A training that several devices cannot share: one sentence says why."""


class RankDied(Interrupted):
    """A process of a training ended before the training did."""


@dataclass
class Share:
    """All that a rank needs, sent once.

    Attributes:
        trained: names of the parameters that are trained.
        optimizer: the state of each of them.
        step: number of steps done.
        threads: of each rank.
        meeting: the file where the ranks meet.
    """

    network: nn.Module
    split: Split
    recipe: Recipe
    mean: Sequence[float]
    std: Sequence[float]
    seed: int
    device: str
    teacher: nn.Module | None
    distillation: Distillation | None
    task: Task
    hooked: bool
    trained: list[str]
    threads: int
    optimizer: list[dict[str, torch.Tensor]] = field(default_factory=list)
    step: int = 0
    meeting: str = ""


def check(network: nn.Module, recipe: Recipe, images: int, device: torch.device, hooks: Sequence[Hook | None]) -> None:
    """Refuse what several devices cannot share.

    Raises:
        CannotSpread: one sentence.
    """
    if images < recipe.devices:
        raise CannotSpread(f"{images} training images cannot be shared by {recipe.devices} devices")
    if device.type == "cuda" and torch.cuda.device_count() < recipe.devices:
        raise CannotSpread(
            f"devices = {recipe.devices} needs as many GPUs, this machine has {torch.cuda.device_count()}"
        )
    if not all_on_tensors(*hooks) or plain_values(network) is None:
        raise CannotSpread(
            f"devices = {recipe.devices}: between two steps this method does more than to read and write the "
            "network's tensors, which one device cannot do for the others"
        )
    if distributed.is_initialized():
        raise CannotSpread(f"devices = {recipe.devices}: this process is one of a group of torch.distributed already")


@contextmanager
def gathered(share: Share, optimizer: torch.optim.Optimizer, step: int) -> Iterator[Alone | Team]:
    """Rank 0 of the recipe's devices, the others of which work on the training until the block ends.

    Args:
        step: number of steps done.

    Raises:
        CannotSpread: the network or the images cannot be sent to other processes.
        RankDied: one of them ended; its last words are in the message.
    """
    devices = share.recipe.devices
    if devices == 1 or step == Schedule(len(share.split.images), share.recipe).steps:
        yield Alone()
        return
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    with tempfile.TemporaryDirectory() as folder, _loopback():
        share.meeting, share.step = str(Path(folder) / "meeting"), step
        share.optimizer = [_tensors(optimizer.state.get(parameter, {})) for parameter in parameters]
        content = _packed(share)
        ranks = [_Rank(number, devices, Path(folder) / f"errors-{number}") for number in range(1, devices)]
        try:
            for rank in ranks:
                rank.tell(content)
            join(share.meeting, 0, devices, share.device)
            yield Team(share.network, parameters, share.seed, 0, devices, hooked=share.hooked)
            for rank in ranks:
                rank.let_go()
        except (RuntimeError, OSError) as error:
            if death := _death(ranks):
                raise RankDied(death) from error
            raise
        finally:
            if distributed.is_initialized():
                distributed.destroy_process_group()
            for rank in ranks:
                rank.end()


def join(meeting: str, rank: int, size: int, device: str) -> None:
    """Enter the group, once all have come."""
    backend = "nccl" if torch.device(device).type == "cuda" else "gloo"
    store = distributed.FileStore(meeting, size)
    distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=LONGEST)


class _Rank:
    """The process of one rank, from 1; rank 0 is this process."""

    def __init__(self, number: int, devices: int, errors: Path):
        self.name, self.number, self.errors = f"rank {number} of {devices}", number, errors
        with errors.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stream,
                env={**os.environ, **KEEPS_MEMORY},
            )

    def tell(self, content: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(number.to_bytes(8, "big") for number in (self.number, len(content))))
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def let_go(self) -> None:
        with suppress(subprocess.TimeoutExpired):  # it has done its part whether or not it ends
            self.process.wait(LATE)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()

    def death(self) -> str:
        """How it ended, in a sentence; empty if it lives or has done its part."""
        code = self.process.poll()
        if not code:
            return ""
        if code < 0:
            return f"{self.name} was killed by {signal.Signals(-code).name}"
        lines = self.errors.read_text(errors="replace").strip().splitlines()
        return f"{self.name} failed: {lines[-1] if lines else f'exit code {code}'}"


def _tensors(state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}


def _packed(share: Share) -> bytes:
    try:
        return to_bytes(share)
    except Exception as error:  # of any kind: a module's own `__reduce__` and `__getstate__` run here
        first, *_ = [*str(error).splitlines(), type(error).__name__]
        raise CannotSpread(
            f"devices = {share.recipe.devices}: the network cannot be sent to other processes ({first})"
        ) from error


def _death(ranks: Sequence[_Rank]) -> str:
    """How the first of them that died did; empty if all live a moment after something went wrong."""
    until = time.monotonic() + MOMENT
    while time.monotonic() < until:
        if death := next(filter(None, (rank.death() for rank in ranks)), ""):
            return death
        time.sleep(0.05)
    return ""


@contextmanager
def _loopback() -> Iterator[None]:
    """Have gloo talk through this machine alone, even if its name resolves to another address."""
    name = "GLOO_SOCKET_IFNAME"
    interface = next((interface for _, interface in socket.if_nameindex() if interface in LOOPBACK), None)
    if name in os.environ or interface is None:
        yield
        return
    os.environ[name] = interface
    try:
        yield
    finally:
        del os.environ[name]
