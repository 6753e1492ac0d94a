"""Quantisers of feature maps, and looking past them.

A quantiser's gradient is zero wherever its input is clipped, and what maximises a unit runs into the clipped range.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

HOOKS = "__nncf_hooks"  # where NNCF keeps its quantisers; NNCF itself is only imported for networks that have them


def quantizers(network: nn.Module) -> list[nn.Module]:
    """NNCF's quantisers of feature maps; those of weights are not among them."""
    if HOOKS not in dict(network.named_children()):
        return []
    import bench.nncf_runtime  # noqa: F401  silences NNCF before anything else of it is imported

    from nncf.torch.function_hook import get_hook_storage
    from nncf.torch.function_hook.hook_storage import decode_hook_name
    from nncf.torch.quantization.layers import BaseQuantizer

    found = []
    for name, hook in get_hook_storage(network).named_hooks():
        kind, _, port = decode_hook_name(name)
        if isinstance(hook, BaseQuantizer) and (kind, port) != ("pre_hooks", 1):
            found.append(hook)
    return found


@contextmanager
def bypassed(network: nn.Module) -> Iterator[None]:
    """Feature maps pass NNCF's quantisers unrounded and unclipped; weights stay as they are."""
    switches = [quantizer.get_buffer("enabled") for quantizer in quantizers(network)]
    before = [switch.clone() for switch in switches]
    try:
        for switch in switches:
            switch.zero_()
        yield
    finally:
        with torch.no_grad():
            for switch, value in zip(switches, before):
                switch.copy_(value)
