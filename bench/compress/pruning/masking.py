"""Unstructured pruning: which weights survive, and keeping the others at zero while these are trained."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import cast

import torch
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from bench.compress.method import NotApplicable, require_unrounded
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed
from bench.training.hooks import Hook, on_tensors

Masks = Mapping[str, torch.Tensor]


def prunable(network: torch.nn.Module, *, transposed: bool = True) -> dict[str, torch.nn.Parameter]:
    """Weights of all convolutions and linear layers by parameter name; biases and normalisation are never pruned.

    Tied weights are there once, under their first name. What `MultiheadAttention` keeps as `in_proj_weight` is no
    layer's weight and stays as it is.

    Args:
        transposed: whether transposed convolutions count, whose first axis is of input channels.

    Raises:
        NotApplicable: there are none.
    """
    first = {id(parameter): name for name, parameter in network.named_parameters()}
    weights = {
        first[id(module.weight)]: cast(torch.nn.Parameter, module.weight)
        for module in network.modules()
        if isinstance(module, (_ConvNd, torch.nn.Linear)) and id(module.weight) in first
        if transposed or not isinstance(module, _ConvTransposeNd)
    }
    if not weights:
        raise NotApplicable("it has no convolution and no linear layer to prune")
    return weights


def global_magnitude(network: torch.nn.Module, sparsity: float) -> dict[str, torch.Tensor]:
    """Masks that remove exactly floor(sparsity * N) of all N weights: the smallest in magnitude, over all layers.

    The choice is that of PyTorch's `global_unstructured` with the L1 norm.
    """
    # `torch.topk` is what PyTorch's pruning calls, and picks the same of equal magnitudes. It sorts the chosen unless
    # asked not to, which took longer than choosing; and pruning's own hooks would copy the network and every weight.
    weights = prunable(network)
    magnitudes = torch.cat([weight.detach().reshape(-1) for weight in weights.values()]).abs()
    count = int(sparsity * len(magnitudes))
    kept = torch.ones(len(magnitudes), dtype=torch.bool, device=magnitudes.device)
    if count:
        kept[torch.topk(magnitudes, count, largest=False, sorted=False).indices] = False
    parts = kept.split([weight.numel() for weight in weights.values()])
    # copies, or every mask would hold on to those of all layers
    return {
        name: part.reshape(weight.shape).clone() for (name, weight), part in zip(weights.items(), parts, strict=True)
    }


def random_like(masks: Masks, seed: int) -> dict[str, torch.Tensor]:
    """Masks with the same number of survivors in each layer, at random positions."""
    generator = torch.Generator().manual_seed(seed)
    shuffled = {}
    for name, mask in masks.items():
        order = torch.randperm(mask.numel(), generator=generator)
        shuffled[name] = mask.flatten().cpu()[order].reshape(mask.shape).to(mask.device)
    return shuffled


def apply(network: torch.nn.Module, masks: Masks) -> None:
    """Set the weights that masks remove to zero, in place."""
    with torch.no_grad():
        for name, mask in masks.items():
            network.get_parameter(name).masked_fill_(~mask, 0.0)


def keep_zeros(network: torch.nn.Module, masks: Masks) -> Hook:
    """A hook for after each optimizer step that returns pruned weights to zero."""
    # Zeroing gradients would not do: momentum from before the pruning and weight decay move a weight without any.
    return on_tensors(lambda step, steps: apply(network, masks))


def joined(masks: Masks, earlier: Masks) -> dict[str, torch.Tensor]:
    """Masks that remove what either removes, so that pruning in a chain never brings a weight back."""
    return {**earlier, **{name: mask & earlier[name] if name in earlier else mask for name, mask in masks.items()}}


def pruned(compressed: Compressed, masks: Masks) -> Compressed:
    """A copy in which all weights are zero that these masks or earlier pruning remove.

    Raises:
        NotApplicable: a tensor has a representation already.
    """
    require_unrounded(compressed)
    network = deepcopy(compressed.network)
    together = joined(masks, compressed.masks)
    apply(network, together)
    return compressed.but(network=network, masks=together)


def retrained(
    compressed: Compressed,
    workbench: Workbench,
    *,
    distill: bool,
    epochs: float | None = None,
    learning_rate: float | None = None,
) -> Compressed:
    """A copy whose surviving weights were fine-tuned; `compressed` itself where `epochs` are 0.

    Raises:
        NotApplicable: a tensor has a representation already.
    """
    require_unrounded(compressed)
    if epochs == 0:
        return compressed
    network = deepcopy(compressed.network)
    history = workbench.finetune(
        network,
        epochs=epochs,
        learning_rate=learning_rate,
        after_step=keep_zeros(network, compressed.masks),
        distill=distill,
    )
    return compressed.but(network=network, history=(*compressed.history, *history))


def trained(compressed: Compressed, workbench: Workbench, masks: Masks) -> Compressed:
    """A copy pruned before it was trained: by the model's own recipe, with its zeros kept.

    Raises:
        NotApplicable: a tensor has a representation already.
    """
    sparse = pruned(compressed, masks)
    history = workbench.train(sparse.network, after_step=keep_zeros(sparse.network, sparse.masks))
    return sparse.but(history=(*sparse.history, *history))
