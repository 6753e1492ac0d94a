"""ReLU in place of ReLU6, whose bound channels reach or miss depending on their scale."""

from __future__ import annotations

import torch

from bench.footprint.structure._modules import replace


def apply(network: torch.nn.Module, names: list[str]) -> torch.nn.Module:
    """Replace each ReLU6 in `names` by a ReLU.

    Raises:
        ValueError: one of them is none.
    """
    for name in names:
        module = network.get_submodule(name)
        if not isinstance(module, torch.nn.ReLU6):
            raise ValueError(f"{name} is no ReLU6")
        network = replace(network, name, torch.nn.ReLU(inplace=module.inplace))
    return network
