"""Outputs of a network's blocks, by forward hooks, which see fake-quantised and pruned networks as they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch


def block_activations(
    network: torch.nn.Module,
    layers: Sequence[str],
    batches: Iterable[torch.Tensor],
) -> list[np.ndarray]:
    """Output of each layer for all images, in the order of `layers`.

    Args:
        layers: module names, see `bench.zoo.networks.blocks.block_outputs`.
        batches: normalised images, (b, C, H, W) float32 each, on the network's device.

    Returns:
        One array per layer, (n, channels, height, width) or (n, d), float32.

    Raises:
        LookupError: a layer was not called.
    """
    collected: dict[str, list[np.ndarray]] = {layer: [] for layer in layers}
    handles = [network.get_submodule(layer).register_forward_hook(_keep(collected[layer])) for layer in layers]
    try:
        with torch.inference_mode():
            for batch in batches:
                network(batch)
    finally:
        for handle in handles:
            handle.remove()
    silent = [layer for layer, outputs in collected.items() if not outputs]
    if silent:
        raise LookupError(f"the forward pass never calls {', '.join(silent)}")
    return [np.concatenate(collected[layer]) for layer in layers]


def as_features(activations: np.ndarray, convention: str) -> np.ndarray:
    """A layer's activations as rows of features.

    Args:
        activations: (n, C, H, W), or (n, d), which stays as it is.
        convention: "pooled" takes the mean over positions, (n, C); "flattened" keeps them all, (n, C*H*W).
    """
    if activations.ndim > 2 and convention == "pooled":
        return activations.mean(axis=tuple(range(2, activations.ndim)))
    return activations.reshape(len(activations), -1)


def _keep(outputs: list[np.ndarray]) -> Callable[[torch.nn.Module, object, torch.Tensor], None]:
    def hook(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        # A copy, since a later in-place operation may write over the tensor.
        outputs.append(output.detach().float().cpu().numpy().copy())

    return hook
