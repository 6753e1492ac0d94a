"""Running means and variances of batch normalisation, estimated again after weights have changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from bench.compress.method import NotApplicable
from bench.compress.workbench import Workbench

BATCH = 128  # images; the mean of batches' variances falls short of the variance of all where batches are small


def normalisations(network: torch.nn.Module) -> list[_BatchNorm]:
    """Batch normalisations that normalise by running statistics."""
    return [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]


@torch.no_grad()
def take_again(network: torch.nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Estimate running means and variances again, in place: their means over batches. No weight changes.

    The network must be in eval mode and is left so; meanwhile every normalisation normalises by its batch, as in
    training. Dropout stays off.

    Args:
        batches: normalised images, (b, C, H, W) float32.
    """
    norms = normalisations(network)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a mean over all batches
        norm.train()
    for batch in batches:
        network(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def whole_batches(workbench: Workbench, images: int) -> Iterator[torch.Tensor]:
    """Batches of up to 128 training images, without a smaller one at the end unless it is the only one.

    Args:
        images: how many in all; fewer if the training set is smaller.

    Raises:
        NotApplicable: there is one image.
    """
    size = 0  # of all but the last, which is smaller where images are large
    for batch, _ in workbench.batches(images, BATCH):
        if len(batch) < size:
            return
        size = len(batch)
        if len(batch) < 2:
            raise NotApplicable("one training image has no variance to estimate: expected 2 or more")
        yield batch
