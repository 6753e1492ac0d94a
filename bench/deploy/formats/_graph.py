"""A network's graph, traced for batches of any size."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from bench.deploy.network import Deployed
from bench.deploy.preprocessing import Preprocessing


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
    """The graph of `network`, which stands for that of `deployed`."""
    whole = Normalised(network, deployed.preprocessing).eval() if normalise else network
    batch = {0: torch.export.Dim("batch", min=1)}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(whole, (deployed.example,), dynamic_shapes=(batch,))
