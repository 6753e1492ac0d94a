"""A network's graph, traced for batches of any size."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

import torch
from torch import nn

from bench.deploy.network import Deployed
from bench.deploy.preprocessing import Preprocessing
from bench.errors import InputError


class Normalised(nn.Module):
    """A network that takes pixels on the 0..1 scale."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: nn.Module, preprocessing: Preprocessing):
        super().__init__()
        self.network = network
        for name, values in (("mean", preprocessing.mean), ("std", preprocessing.std)):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, C, H, W) float32 from 0 to 1 to what the network answers."""
        return self.network((images - self.mean) / self.std)


def traced(network: nn.Module, deployed: Deployed, *, normalise: bool) -> torch.export.ExportedProgram:
    """The graph of `network`, which stands for that of `deployed`.

    Raises:
        InputError: the network's answer is not one tensor, or the graph answers otherwise than the network.
    """
    whole = Normalised(network, deployed.preprocessing).eval() if normalise else network
    with torch.no_grad():
        answer = whole(deployed.example)
        if not isinstance(answer, torch.Tensor) or answer.shape[:1] != deployed.example.shape[:1]:
            kind = type(answer).__name__ if not isinstance(answer, torch.Tensor) else tuple(answer.shape)
            raise InputError(
                f"{deployed.model} answers two images with {kind}, and not with one row of logits for each"
            )
        with silently():
            batch = {0: torch.export.Dim("batch", min=1)}
            program = torch.export.export(whole, (deployed.example,), dynamic_shapes=(batch,))
        _check(program.module(), whole, deployed)
    return program


def _check(program: nn.Module, whole: nn.Module, deployed: Deployed) -> None:
    """Refuse a graph that took one way through the network where other images take another."""
    one, two = deployed.example[:1], deployed.example
    for images in (one * 0.5, torch.cat([two, one * 2])):
        expected, answer = whole(images), program(images)
        if not torch.allclose(answer, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()), equal_nan=True):
            raise InputError(f"{deployed.model} decides in Python what it computes, which no graph expresses")


@contextlib.contextmanager
def silently() -> Iterator[None]:
    """Without what exporters print and warn about; errors still come."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
