"""How much the loss minds an error of each output: the diagonal of the Fisher information (Li et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.reconstruction.activations import following
from bench.compress.reconstruction.gradients import differentiated
from bench.compress.workbench import Workbench


def importances(
    network: nn.Module, names: Iterable[str], workbench: Workbench, *, images: int
) -> dict[str, torch.Tensor]:
    """g² of each output of modules, (n, ...), divided by its mean, where g is the slope of an image's loss there.

    Outputs are those after the activation that directly follows a module, if any.

    Args:
        network: with float weights.
        names: of modules that run once.

    Raises:
        NotApplicable: the loss has no slope with respect to a module's output.
    """
    # With z an output, the loss rises by about Δzᵀ H Δz / 2, whose H the Fisher information E[g gᵀ] stands for; its
    # diagonal leaves Σ g² Δz². Divided by its mean, it leaves the regulariser of rounding the weight that it has
    # beside a plain error, since slopes of a trained network may be 1000 times too small for both to be felt.
    network = deepcopy(network).eval()
    followed = set(following(network, workbench.example))
    slopes: dict[str, list[torch.Tensor]] = {name: [] for name in names}
    for batch, targets in workbench.batches(images):
        for name, slope in _slopes(network, list(slopes), followed, workbench, batch, targets).items():
            slopes[name].append(slope)
    return {name: _scaled(name, torch.cat(parts)) for name, parts in slopes.items()}


def _scaled(name: str, slopes: torch.Tensor) -> torch.Tensor:
    squares = slopes.square()
    mean = squares.mean(dtype=torch.float64).to(squares)
    if not mean.isfinite():
        raise NotApplicable(f"the slope of the loss at the output of {name} is not finite")
    return squares / mean if mean > 0 else torch.ones_like(squares)  # a loss that minds nothing tells nothing apart


def _slopes(
    network: nn.Module, names: list[str], followed: set[str], workbench: Workbench, batch: torch.Tensor, targets: Any
) -> dict[str, torch.Tensor]:
    """dL/dz of single images' losses at each module's output z, or at what directly follows it."""
    nodes: dict[str, Any] = {}
    slopes: dict[str, torch.Tensor] = {}

    def put_out(name: str, _: nn.Module, arguments: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nodes[name] = output.grad_fn

    def arrived(name: str, gradients: tuple[torch.Tensor, ...]) -> None:
        slopes[name] = gradients[0].detach()

    with ExitStack() as stack, torch.enable_grad():
        for name in names:
            hook = network.get_submodule(name).register_forward_hook(partial(put_out, name))
            stack.callback(hook.remove)
        inputs = batch.detach().requires_grad_(True)
        loss = workbench.loss(network, inputs.clone(), targets) * len(batch)  # a mean over images, which do not meet
        readers = _readers(loss)
        for name, node in nodes.items():
            # the function that follows may overwrite a module's output: its node knows the slope all the same
            after = readers.get(node, [node])[0] if name in followed else node
            if after is not None:
                after.register_prehook(partial(arrived, name))
        differentiated(loss, [inputs], "outputs")
    for name in names:
        if name not in slopes:
            raise NotApplicable(f"the loss has no gradient with respect to the output of {name}")
    return slopes


def _readers(loss: torch.Tensor) -> dict[Any, list[Any]]:
    """The nodes of autograd's graph that read each node."""
    readers: dict[Any, list[Any]] = {}
    new: list[Any] = [] if loss.grad_fn is None else [loss.grad_fn]
    seen = set(new)
    while new:
        node = new.pop()
        for earlier, _ in node.next_functions:
            if earlier is not None:
                readers.setdefault(earlier, []).append(node)
                if earlier not in seen:
                    seen.add(earlier)
                    new.append(earlier)
    return readers
