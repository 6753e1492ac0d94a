"""One training on several devices: gradients are averaged over ranks, and rank 0 decides everything else.

As in PyTorch's DistributedDataParallel (Li et al. 2020), each rank passes its share of a batch through its copy of the
network, and all take the same step by the mean of their gradients. Batch norm normalises by each rank's own share, and
rank 0's running statistics are the network's.
"""

# DistributedDataParallel itself groups gradients anew after its first step. Where three ranks or more add up, a sum's
# order depends on the groups, so a training that goes on from a checkpoint would round otherwise. Here groups are the
# same at every step.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import distributed, nn

BUCKET = 25 * 2**20  # numbers that are sent at a time


class Alone:
    """A training on one device: nothing to agree on."""

    def begin(self, step: int) -> None:
        """Called before each step."""

    def averaged(self, loss: torch.Tensor) -> torch.Tensor:
        """The loss of all ranks; their gradients are averaged in place."""
        return loss


class Team:
    """One of several ranks, inside `torch.distributed`'s group of them.

    Args:
        parameters: that are trained.
        hooked: whether hooks on rank 0 change weights that the other ranks have to take over.
    """

    def __init__(
        self, network: nn.Module, parameters: Sequence[nn.Parameter], seed: int, rank: int, size: int, *, hooked: bool
    ):
        self.network, self.parameters, self.hooked = network, parameters, hooked
        self.seed, self.rank, self.size = seed, rank, size

    def begin(self, step: int) -> None:
        """Draw random numbers, as for dropout, that depend on rank and step alone; take over what rank 0 has."""
        drawn = int(np.random.SeedSequence([self.seed, self.rank, step]).generate_state(1, np.uint64)[0] >> 1)
        torch.default_generator.manual_seed(drawn)
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(drawn)
        changed = self.network.parameters() if self.hooked else ()
        self._level([*changed, *self.network.buffers()])

    def averaged(self, loss: torch.Tensor) -> torch.Tensor:
        """See `Alone`."""
        mean = loss.detach().float().reshape(1)
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        for bucket in _buckets([mean, *gradients]):
            flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
            distributed.all_reduce(flat)
            _spread_out(flat / self.size, bucket)
        return mean.reshape(())

    @torch.no_grad()
    def _level(self, tensors: Sequence[torch.Tensor]) -> None:
        for bucket in _buckets(tensors):
            flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
            distributed.broadcast(flat, src=0)
            if self.rank:
                _spread_out(flat, bucket)


def _buckets(tensors: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Tensors of one type each, together no longer than `BUCKET` unless a single one is."""
    for _, alike in groupby(sorted(tensors, key=lambda tensor: str(tensor.dtype)), key=lambda tensor: tensor.dtype):
        bucket: list[torch.Tensor] = []
        for tensor in alike:
            if bucket and sum(other.numel() for other in bucket) + tensor.numel() > BUCKET:
                yield bucket
                bucket = []
            bucket.append(tensor)
        yield bucket


@torch.no_grad()
def _spread_out(flat: torch.Tensor, bucket: Sequence[torch.Tensor]) -> None:
    for tensor, values in zip(bucket, flat.split([tensor.numel() for tensor in bucket]), strict=True):
        tensor.copy_(values.view(tensor.shape))
