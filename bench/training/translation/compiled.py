"""A network that `torch.compile` translates."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch._dynamo.exc import TorchDynamoException
from torch._dynamo.utils import counters
from torch._inductor import config

from bench.errors import InputError


class Compiled(nn.Module):
    """A network that `torch.compile` translates at its first pass; its weights are the network's own."""

    def __init__(self, network: nn.Module):
        super().__init__()
        # What is remembered of earlier networks of this process would decide how this one is compiled, or whether:
        # after eight of one class PyTorch silently stops to.
        torch._dynamo.reset()
        config.compile_threads = 1  # in this process: workers of its own outlive a worker that is killed
        self.network = network
        self.told = False
        self.translated = torch.compile(network, dynamic=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The network's outputs.

        Raises:
            InputError: it cannot be compiled.
        """
        if self.told:
            return self.translated(images)
        counters.clear()
        with _in_a_sentence():
            outputs = self.translated(images)
        self.told = True
        breaks = counters["graph_break"]
        logging.getLogger(__name__).warning(
            "torch.compile: graphs made %d, places that run uncompiled %d%s",
            counters["stats"]["unique_graphs"],
            sum(breaks.values()),
            "".join(f"; {reason.splitlines()[0]}" for reason in breaks),
        )
        return outputs


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (TorchDynamoException, RuntimeError) as error:
        cause = error.__cause__ or error
        raise InputError(f"compile = true: torch.compile cannot translate this network ({_line(cause)})") from error


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
