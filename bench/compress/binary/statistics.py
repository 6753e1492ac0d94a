"""Statistics of batch normalisation, taken again where the weights before it are no longer those of training."""

from __future__ import annotations

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from bench.compress.workbench import Workbench

IMAGES = 512


@torch.no_grad()
def take_again(network: torch.nn.Module, workbench: Workbench, images: int = IMAGES) -> None:
    """Set running means and variances, in place, to those of training images; the network must be in eval mode.

    Every normalisation sees what the others make of their batch, as in training; no weight is changed.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a mean over all batches
        norm.train()
    for batch, _ in workbench.batches(images):
        network(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
