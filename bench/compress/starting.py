"""What every method is given, whatever network was brought: plain modules with finite weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from bench.compress.method import NotApplicable
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.zoo.networks.plain import copied, not_finite, plain

QUOTED = 200  # characters of another library's error


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
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise NotApplicable("it needs more memory than there is") from error
    except (np.linalg.LinAlgError, torch.linalg.LinAlgError) as error:
        first = str(error).partition("\n")[0][:QUOTED]
        raise NotApplicable(f"its weights or feature maps cannot be decomposed: {first}") from error
    except RuntimeError as error:
        # PyTorch's allocator on the CPU has no error of its own
        if "allocate memory" not in str(error) and "not enough memory" not in str(error):
            raise
        raise NotApplicable("it needs more memory than there is") from error


def _types(network: torch.nn.Module) -> list[torch.dtype]:
    return [tensor.dtype for tensor in network.state_dict().values() if isinstance(tensor, torch.Tensor)]
