"""Outputs of a network's blocks, by forward hooks, which see fake-quantised and pruned networks as they compute."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Outputs:
    """What a layer put out for all images.

    Attributes:
        features: by convention (see `as_features`), (n, d) float32.
        digest: of the whole output, bit for bit; the same for two networks only if theirs agree.
    """

    features: Mapping[str, np.ndarray]
    digest: str


# A feature map is turned into features batch by batch, inside the hook: pooled, 10,000 images of a network at 32×32
# pixels take megabytes, where their maps take gigabytes. What even then is too much is for the caller to divide
# (`within`), who asks for some layers at a time.
def block_outputs_of(
    network: torch.nn.Module, layers: Sequence[str], batches: Iterable[torch.Tensor], conventions: Sequence[str]
) -> list[Outputs]:
    """What each layer puts out for all images, in the order of `layers`.

    Args:
        layers: module names, see `bench.zoo.networks.blocks.block_outputs`.
        batches: normalised images, (b, C, H, W) float32 each, on the network's device.
        conventions: of the features.

    Raises:
        LookupError: a layer was not called.
    """
    taken = {layer: _Taken(conventions) for layer in layers}
    _run(network, {layer: of.take for layer, of in taken.items()}, batches)
    silent = [layer for layer, of in taken.items() if not of.called]
    if silent:
        raise LookupError(f"the forward pass never calls {', '.join(silent)}")
    return [taken.pop(layer).outputs() for layer in layers]


def widths(network: torch.nn.Module, layers: Sequence[str], example: torch.Tensor) -> list[int]:
    """How many numbers each layer puts out for one image.

    Args:
        example: (1, C, H, W) float32, on the network's device.

    Raises:
        LookupError: a layer was not called.
    """
    shown = block_outputs_of(network, layers, [example], ["flattened"])
    return [outputs.features["flattened"].shape[1] for outputs in shown]


def within(sizes: Sequence[int], bound: int) -> list[range]:
    """Runs of neighbours whose sizes add up to at most `bound`; one that alone exceeds it is a run by itself.

    >>> within([3, 1, 1, 9, 2], bound=5)
    [range(0, 3), range(3, 4), range(4, 5)]
    """
    runs, start = [], 0
    for stop in range(1, len(sizes) + 1):
        if stop == len(sizes) or sum(sizes[start : stop + 1]) > bound:
            runs.append(range(start, stop))
            start = stop
    return runs


def as_features(activations: np.ndarray, convention: str) -> np.ndarray:
    """A layer's activations as rows of features.

    Args:
        activations: (n, C, H, W), or (n, d), which stays as it is.
        convention: "pooled" takes the mean over positions, (n, C); "flattened" keeps them all, (n, C*H*W).
    """
    if activations.ndim > 2 and convention == "pooled":
        return activations.mean(axis=tuple(range(2, activations.ndim)))
    return activations.reshape(len(activations), -1)


class _Taken:
    """The features of one layer, gathered batch by batch."""

    def __init__(self, conventions: Sequence[str]):
        self.parts: dict[str, list[np.ndarray]] = {convention: [] for convention in conventions}
        self.digest = hashlib.sha256()
        self.called = False

    def take(self, output: torch.Tensor) -> None:
        self.called = True
        # 0 is added in a copy of one's own: a later in-place operation may write over the tensor, and -0 equals 0, yet
        # not bit for bit.
        activations = np.ascontiguousarray(output.detach().float().cpu().numpy() + np.float32(0.0))
        self.digest.update(repr(activations.shape[1:]).encode())
        self.digest.update(activations.tobytes())
        for convention, parts in self.parts.items():
            parts.append(as_features(activations, convention))

    def outputs(self) -> Outputs:
        return Outputs(
            {name: np.concatenate(self.parts.pop(name)) for name in list(self.parts)}, self.digest.hexdigest()
        )


def _run(
    network: torch.nn.Module, takers: Mapping[str, Callable[[torch.Tensor], None]], batches: Iterable[torch.Tensor]
) -> None:
    def hook(take: Callable[[torch.Tensor], None]) -> Callable[[torch.nn.Module, object, torch.Tensor], None]:
        return lambda module, inputs, output: take(output)

    handles = [network.get_submodule(layer).register_forward_hook(hook(take)) for layer, take in takers.items()]
    try:
        with torch.inference_mode():
            for batch in batches:
                network(batch)
    finally:
        for handle in handles:
            handle.remove()
