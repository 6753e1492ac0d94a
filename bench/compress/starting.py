"""What every method is given, whatever network was brought: plain modules with finite weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bench.compress.method import NotApplicable
from bench.errors import InputError, limit
from bench.footprint.compressed import Compressed
from bench.zoo.networks.plain import copied, not_finite, plain


def prepared(compressed: Compressed) -> Compressed:
    """`compressed` with a plain network (see `bench.zoo.networks.plain`); itself if it is plain already.

    Raises:
        NotApplicable: the network cannot be had as modules with weights, or some of these are NaN or infinite.
    """
    network = compressed.network
    try:
        # a copy, because a method must not change what it is given
        network = plain(copied(network))
    except InputError as error:
        raise NotApplicable(str(error)) from error
    if name := not_finite(network):
        raise NotApplicable(f"{name} holds NaN or infinite numbers: its training has diverged or its file is damaged")
    names = list(compressed.network.state_dict())
    same = type(network) is type(compressed.network) and names == list(network.state_dict())
    return compressed if same and _types(network) == _types(compressed.network) else compressed.but(network=network)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn errors that speak of the network and the machine, not of a mistake of ours, into refusals.

    Raises:
        NotApplicable: memory ran out, or a decomposition did not converge.
    """
    try:
        yield
    except Exception as error:
        if (reason := limit(error)) is None:
            raise
        raise NotApplicable(reason) from error


def _types(network: torch.nn.Module) -> list[torch.dtype]:
    return [tensor.dtype for tensor in network.state_dict().values() if isinstance(tensor, torch.Tensor)]
