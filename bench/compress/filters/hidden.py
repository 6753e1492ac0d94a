"""Modules that compute with tensors derived from their parameters, whose channels no graph shows."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from bench.footprint.trace import Trace

NOT_USED = "num_batches_tracked"


def modules_with_hidden_parameters(network: torch.nn.Module, traced: Trace) -> set[str]:
    """Names of such modules, e.g. frozen batch normalisation, weight normalisation."""
    used = {name for operation in traced.operations for name in operation.parameters}
    return {name for name, module in network.named_modules() if not used.issuperset(_own_tensors(name, module))}


def _own_tensors(name: str, module: torch.nn.Module) -> Iterable[str]:
    """Tensors of a module itself that could have one entry per channel, as the graph would name them."""
    tensors = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return [f"{name}.{key}" if name else key for key, tensor in tensors if key != NOT_USED and tensor.numel() > 1]
