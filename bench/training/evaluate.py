"""Images into a network, predictions out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import torch

from bench.data import streamed
from bench.data.image_set import Images
from bench.task import Predictions, Task
from bench.task.classification import CLASSIFICATION
from bench.training.layout import channels_last, computes_channels_last
from bench.training.loading import Pixels, in_order

BATCH_SIZE = 512  # images; larger gains nothing and takes memory
PIXELS = 512 * 64 * 64  # of a batch of streamed images, whose feature maps have to fit into memory too


class Normalise:
    """uint8 pixels to standardised float32, with the constants already on the device.

    Args:
        mean, std: of each channel, on the 0..1 scale.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device | str):
        self.mean = 255 * torch.tensor(mean, dtype=torch.float32, device=device)[:, None, None]
        self.scale = 1 / (255 * torch.tensor(std, dtype=torch.float32, device=device)[:, None, None])

    @overload
    def __call__(self, images: torch.Tensor) -> torch.Tensor: ...

    @overload
    def __call__(self, images: Pixels) -> Pixels: ...

    def __call__(self, images: Pixels) -> Pixels:
        """(n, C, H, W) uint8 to float32: (pixel / 255 - mean) / std; of a list each image (C, H, W)."""
        if isinstance(images, list):
            return [self(image) for image in images]
        return (images.float() - self.mean).mul_(self.scale)


def normalise(images: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """(n, C, H, W) uint8 to (n, C, H, W) float32: (pixel / 255 - mean) / std."""
    return Normalise(mean, std, images.device)(images)


def normalised_batches(
    images: Images,
    mean: Sequence[float],
    std: Sequence[float],
    device: torch.device | str,
    batch_size: int | None = None,
) -> Iterator[Any]:
    """All images in order, (b, C, H, W) float32 on the device; of whole ones a list of (C, H, W) a batch.

    Args:
        images: (n, C, H, W) uint8, an array or streamed.
        mean, std: of each channel, on the 0..1 scale.
        batch_size: images; by default 512, of large streamed ones fewer.
    """
    standardise = Normalise(mean, std, device)
    if not isinstance(images, np.ndarray):
        images = streamed.of(images)
        size = batch_size or max(1, min(BATCH_SIZE, PIXELS // images.shape[-1] ** 2))
        yield from map(standardise, in_order(images, size, torch.device(device)))
        return
    batch_size = batch_size or BATCH_SIZE
    for start in range(0, len(images), batch_size):
        # A copy, since a memory map may be read-only, which torch warns of.
        yield standardise(torch.from_numpy(np.array(images[start : start + batch_size])).to(device))


def predict(
    network: torch.nn.Module,
    images: Images,
    mean: Sequence[float],
    std: Sequence[float],
    device: torch.device | str,
    *,
    task: Task,
    batch_size: int | None = None,
) -> Predictions:
    """Predictions of a network in eval mode, as the task keeps them; the network stays in eval mode.

    Args:
        network: on `device` already.
        images: (n, C, H, W) uint8.
        mean, std: of each channel, on the 0..1 scale.
    """
    _ready(network, images, mean, std, device)
    with channels_last(network), torch.inference_mode():
        return task.collect(map(network, normalised_batches(images, mean, std, device, batch_size)))


def apart(
    network: torch.nn.Module,
    other: torch.nn.Module,
    images: Images,
    mean: Sequence[float],
    std: Sequence[float],
    device: torch.device | str,
    *,
    task: Task,
) -> float:
    """How far two networks' outputs are apart, as a share of the largest; see `Task.apart` and `predict`."""
    for one in (network, other):
        _ready(one, images, mean, std, device)
    with channels_last(network), channels_last(other), torch.inference_mode():
        return task.apart(network, other, lambda: normalised_batches(images, mean, std, device))


def _ready(
    network: torch.nn.Module, images: Images, mean: Sequence[float], std: Sequence[float], device: torch.device | str
) -> None:
    network.eval()
    computes_channels_last(network, next(normalised_batches(images[:1], mean, std, device)))


def logits(
    network: torch.nn.Module,
    images: Images,
    mean: Sequence[float],
    std: Sequence[float],
    device: torch.device | str,
    batch_size: int | None = None,
) -> np.ndarray:
    """A classifier's outputs in eval mode, (n, classes) float32; see `predict`."""
    return predict(network, images, mean, std, device, task=CLASSIFICATION, batch_size=batch_size)["logits"]
