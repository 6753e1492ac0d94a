"""What a rank other than the first does: its share of every step."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading

import torch
from torch import distributed

from bench.training._epochs import Keeper, run_epochs
from bench.training._machinery import machinery
from bench.training._ranks import Share, join
from bench.training._surroundings import layout_of, repeatable, training_mode
from bench.training._team import Team
from bench.training.checkpoints import State
from bench.training.hooks import nothing
from bench.training.optimizer import make_optimizer


def main() -> None:
    """Read a share from standard input and work on it; end when rank 0 does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to rank 0, which ends all others
    number, length = (int.from_bytes(sys.stdin.buffer.read(8), "big") for _ in range(2))
    # As `multiprocessing` sends work: through a pipe whose other end only the process has that started this one.
    # Nothing of it comes from a file or from the network.
    share = pickle.loads(sys.stdin.buffer.read(length))  # noqa: S301
    threading.Thread(target=_end_with_rank_0, daemon=True).start()
    work(share, number)


def work(share: Share, number: int) -> None:
    """Take all steps that are left."""
    torch.set_num_threads(share.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    device = torch.device(share.device)
    if device.type == "cuda":
        device = torch.device("cuda", ((device.index or 0) + number) % torch.cuda.device_count())
        torch.cuda.set_device(device)
    network = share.network.to(device)
    layout = layout_of(network, share.split, device)
    with repeatable(share.seed, device), training_mode(network, layout, share.recipe):
        parameters = [network.get_parameter(name) for name in share.trained]
        optimizer = make_optimizer(network, share.recipe, parameters)
        for parameter, state in zip(parameters, share.optimizer, strict=True):
            # the number of steps, a scalar, is counted on the CPU
            moved = {name: value.to(device) if value.ndim else value for name, value in state.items()}
            optimizer.state[parameter] = moved
        team = Team(network, parameters, share.seed, number, share.recipe.devices, hooked=share.hooked)
        step, batches = machinery(share, network, optimizer, device, layout, team, rank=number)
        join(share.meeting, number, share.recipe.devices, str(device))
        run_epochs(
            step,
            batches,
            State(share.step, torch.zeros((), device=device)),
            Keeper(network, "", None),
            measure=dict,
            tell=nothing,
        )
        distributed.destroy_process_group()


def _end_with_rank_0() -> None:
    # Not through `sys.stdin`, whose lock a thread must not hold while the interpreter ends.
    while os.read(0, 1):
        pass
    os._exit(1)
