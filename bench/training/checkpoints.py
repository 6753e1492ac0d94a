"""States of trainings on disk, so that one that was killed goes on and ends in the same bytes.

A cell's folder holds one file per training, numbered in their order; it goes when the cell has ended. A file is
safetensors, with everything that is no tensor as JSON in its header, and replaces the one before in one step.
"""

# What the next step depends on: the network's tensors, the optimizer's, the random state, and how far the training is.
# Batches are a function of (epoch, step). Tensors are put back in the memory layout that they had, since a kernel for
# another layout may round otherwise.

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from bench import folders

MINUTES = 10.0  # between two states inside an epoch
Tensors = dict[str, torch.Tensor]


class Interrupted(RuntimeError):
    """A training ended for a reason that says nothing about it, such as a lost device: its state is kept."""


@dataclass
class State:
    """How far a training is.

    Attributes:
        step: number of steps done.
        total: sum of the losses of the current epoch's steps, on the device.
        history: one row per epoch, see `bench.training.loop.train`.
        best: tensors of the network with the highest score so far; empty if none is kept.
        score: its score.
    """

    step: int
    total: torch.Tensor
    history: list[dict[str, float]] = field(default_factory=list)
    best: Tensors = field(default_factory=dict)
    score: float = float("-inf")


class Checkpoints:
    """The states of one cell's trainings.

    Args:
        folder: None to keep none.
        minutes: between two states inside an epoch.
    """

    def __init__(self, folder: Path | None, minutes: float = MINUTES):
        self.folder, self.minutes, self.trainings = folder, minutes, 0

    def next_file(self) -> Path | None:
        """Where the state of the next training belongs."""
        self.trainings += 1
        return None if self.folder is None else self.folder / f"training-{self.trainings}.safetensors"


@contextmanager
def kept_in(folder: Path | None) -> Iterator[Checkpoints]:
    """A cell's checkpoints; they are removed when the block ends, unless the cell was interrupted.

    Where another process works on the same cell, or the folder cannot be written, none are kept.
    """
    lock = None if folder is None else _locked(folder)
    if folder is None or lock is None:
        yield Checkpoints(None)
        return
    try:
        folders.sweep(folder)
        yield Checkpoints(folder)
    except (Interrupted, KeyboardInterrupt, GeneratorExit):
        os.close(lock)
        raise
    except BaseException:
        _remove(folder, lock)
        raise
    else:
        _remove(folder, lock)


def _locked(folder: Path) -> int | None:
    """An open file that no other process has locked; the kernel unlocks it when this one ends, however."""
    file = folder / "lock"
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # whoever had it removed the folder just now
            continue
        except OSError as error:
            _log(f"{folder} cannot be written ({error.strerror}): the training keeps no checkpoints")
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if file.exists() and os.path.samestat(os.fstat(lock), file.stat()):
                return lock
            os.close(lock)  # a file that was removed between opening and locking
        except OSError:
            os.close(lock)
            _log(f"{folder} is used by another process: the training keeps no checkpoints")
            return None


def _remove(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)
    with suppress(OSError):  # other cells are being trained
        folder.parent.rmdir()


def tensors_of(network: nn.Module) -> Tensors:
    """Parameters and buffers by name, those included that its `state_dict` leaves out."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def copied(network: nn.Module) -> Tensors:
    """A copy of a network's tensors in the memory layout that they have."""
    return {name: tensor.detach().clone() for name, tensor in tensors_of(network).items()}


@torch.no_grad()
def put_back(network: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Give a network the values and the memory layout of tensors that it had before."""
    for name, tensor in tensors_of(network).items():
        value = tensors[name]
        if tensor.stride() == value.stride():
            tensor.copy_(value)  # in place: others may hold the same memory
        else:
            tensor.data = value.to(tensor.device, copy=True)


def identity(*networks: nn.Module | None, settings: Any) -> str:
    """A hash of networks before a training and of its settings: a state belongs to no other training."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for network in networks:
        for name, tensor in ({} if network is None else tensors_of(network)).items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(_bytes(tensor))
    return digest.hexdigest()


class Saver:
    """Writes and reads the state of one training.

    Args:
        file: from `Checkpoints.next_file`.
        identity: of the training.
        values: of the network, see `hooks.plain_values`; once they change, nothing is written any more.
    """

    def __init__(
        self,
        file: Path,
        identity: str,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        device: torch.device,
        minutes: float,
    ):
        self.file, self.identity, self.network, self.optimizer = file, identity, network, optimizer
        self.device, self.minutes, self.written = device, minutes, time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether the last state is older than wanted."""
        return time.monotonic() - self.written >= 60 * self.minutes

    def save(self, state: State) -> None:
        """Replace the file; where the disk refuses, the state before stays."""
        tensors = {f"network/{name}": tensor for name, tensor in tensors_of(self.network).items()}
        tensors |= {f"best/{name}": tensor for name, tensor in state.best.items()}
        tensors |= self._optimizers()
        tensors |= {"random": torch.get_rng_state(), "total": state.total}
        if self.device.type == "cuda":
            tensors["random_on_gpu"] = torch.cuda.get_rng_state(self.device)
        stored = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        about = {
            "identity": self.identity,
            "step": state.step,
            "history": state.history,
            "score": state.score,
            "strides": {name: list(tensor.stride()) for name, tensor in tensors.items()},
            "sha256": _checksum(stored),
        }
        try:
            folders.write_file(self.file, safetensors.torch.save(stored, {"state": json.dumps(about)}))
        except (OSError, SafetensorError) as error:
            _log(f"{self.file} cannot be written ({error}): the training goes on without")
        self.written = time.monotonic()

    def load(self, state: State) -> bool:
        """Go on from the file, if it is there, whole, and of this training; returns whether it is."""
        try:
            with safe_open(self.file, "pt") as opened:
                about = json.loads(opened.metadata()["state"])
                stored = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            if self.file.exists():
                _log(f"{self.file} cannot be read ({error}): the training starts again")
            return False
        if about["identity"] != self.identity or about["sha256"] != _checksum(stored):
            _log(f"{self.file} is not the state of this training: it starts again")
            return False
        laid = {name: _laid_out(tensor, about["strides"][name]) for name, tensor in stored.items()}
        put_back(self.network, _under("network/", laid))
        for number, parameter in enumerate(self._parameters()):
            for name, tensor in _under(f"optimizer/{number}/", laid).items():
                # the number of steps, a scalar, is counted on the CPU
                self.optimizer.state[parameter][name] = tensor.to(parameter.device) if tensor.ndim else tensor
        torch.set_rng_state(laid["random"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(laid["random_on_gpu"], self.device)
        state.step, state.history, state.score = about["step"], about["history"], about["score"]
        state.total = laid["total"].to(self.device)
        state.best = {name: tensor.to(self.device) for name, tensor in _under("best/", laid).items()}
        _log(f"{state.step} steps of the training were done before it was interrupted: it goes on")
        return True

    def forget(self) -> None:
        """Remove the file."""
        self.file.unlink(missing_ok=True)

    def _parameters(self) -> Iterator[nn.Parameter]:
        return (parameter for group in self.optimizer.param_groups for parameter in group["params"])

    def _optimizers(self) -> Tensors:
        return {
            f"optimizer/{number}/{name}": value
            for number, parameter in enumerate(self._parameters())
            for name, value in self.optimizer.state.get(parameter, {}).items()
            if isinstance(value, torch.Tensor)
        }


def _under(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _laid_out(tensor: torch.Tensor, strides: list[int]) -> torch.Tensor:
    if list(tensor.stride()) == strides or 0 in strides:  # several values in one place: none can be written
        return tensor
    return torch.empty_strided(tensor.shape, strides, dtype=tensor.dtype).copy_(tensor)


def _checksum(stored: Tensors) -> str:
    digest = hashlib.sha256()
    for name in sorted(stored):
        digest.update(name.encode())
        digest.update(_bytes(stored[name]))
    return digest.hexdigest()


def _bytes(tensor: torch.Tensor) -> Any:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()


def _log(sentence: str) -> None:
    logging.getLogger(__name__).warning("%s", sentence)
