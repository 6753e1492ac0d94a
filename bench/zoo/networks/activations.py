"""Outputs of a network's blocks, by forward hooks, which see fake-quantised and pruned networks as they compute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bench.zoo.networks.calls import Calls, NoOutput, of_images, tensor_of
from bench.zoo.networks.channels import channel_axis


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
        layers: names of modules or of their calls, see `bench.zoo.networks.calls`.
        batches: normalised images, (b, C, H, W) float32 each, on the network's device.
        conventions: of the features.

    Raises:
        NoOutput: a layer is not there, is not called, is called more than once without a number, or puts out anything
            but a tensor with one row per image, of one size for all batches.
    """
    taken = {layer: _Taken(layer, conventions) for layer in dict.fromkeys(layers)}
    with _Taking(network, taken), torch.inference_mode():
        for batch in batches:
            for of in taken.values():
                of.images = len(batch)
            network(batch)
    gathered = {layer: taken.pop(layer).outputs() for layer in list(taken)}
    return [gathered[layer] for layer in layers]


def widths(network: torch.nn.Module, layers: Sequence[str], example: torch.Tensor) -> list[int]:
    """How many numbers each layer puts out for one image.

    Args:
        example: (1, C, H, W) float32, on the network's device.

    Raises:
        NoOutput: see `block_outputs_of`.
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


def as_features(activations: np.ndarray, convention: str, axis: int = 1) -> np.ndarray:
    """A layer's activations as rows of features.

    Args:
        activations: (n, C, H, W), (n, tokens, width), (n, H, W, C), or (n, d), which stays as it is.
        convention: "pooled" takes the mean over positions or tokens, (n, C); "flattened" keeps them all, (n, C*H*W).
        axis: of the channels.
    """
    if activations.ndim > 2 and convention == "pooled":
        return activations.mean(axis=tuple(other for other in range(1, activations.ndim) if other != axis))
    return activations.reshape(len(activations), -1)


class _Taken:
    """The features of one layer, gathered batch by batch."""

    def __init__(self, layer: str, conventions: Sequence[str]):
        self.layer = layer
        self.parts: dict[str, list[np.ndarray]] = {convention: [] for convention in conventions}
        self.digest = hashlib.sha256()
        self.images = 0  # of the present batch

    def take(self, network: torch.nn.Module, output: Any) -> None:
        tensor = of_images(tensor_of(output, self.layer), self.images, self.layer)
        axis = channel_axis(network, self.layer, tensor.shape)
        # 0 is added in a copy of one's own: a later in-place operation may write over the tensor, and -0 equals 0, yet
        # not bit for bit.
        activations = np.ascontiguousarray(tensor.detach().float().cpu().numpy() + np.float32(0.0))
        self.digest.update(repr(activations.shape[1:]).encode())
        self.digest.update(activations.tobytes())
        for convention, parts in self.parts.items():
            parts.append(as_features(activations, convention, axis))

    def outputs(self) -> Outputs:
        features = {}
        for name in list(self.parts):
            parts = self.parts.pop(name)
            sizes = sorted({part.shape[1] for part in parts})
            if len(sizes) > 1:
                raise NoOutput(f"{self.layer} puts out {sizes[0]} numbers an image in one batch, {sizes[1]} in another")
            features[name] = np.concatenate(parts)
        return Outputs(features, self.digest.hexdigest())


class _Taking(Calls):
    def __init__(self, network: torch.nn.Module, taken: Mapping[str, _Taken]):
        super().__init__(network, taken)
        self._taken = taken

    def put_out(self, name: str, number: int, output: Any) -> None:
        self._taken[name].take(self._network, output)
