"""The input pipeline: images stay on the device, an epoch is a new order of augmented, normalised batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bench.training._augment import Augmentation
from bench.training.evaluate import Normalise
from bench.training.schedule import Schedule

if TYPE_CHECKING:
    from bench.data import Split


class Batches:
    """Each iteration is an epoch: (b, C, H, W) float32 images and their targets.

    Args:
        split: training images.
        targets: from `Task.targets`, rows taken by a tensor of indices.
        mean, std: of each channel, on the 0..1 scale.
        seed: of order and augmentation.
        layout: of the batches in memory.
    """

    def __init__(
        self,
        split: Split,
        targets: Any,
        schedule: Schedule,
        mean: Sequence[float],
        std: Sequence[float],
        seed: int,
        device: torch.device,
        layout: torch.memory_format = torch.channels_last,
    ):
        self.schedule, self.device, self.layout = schedule, device, layout
        self.images = _resident(split.images, device)
        self.targets = targets
        self.generator = torch.Generator().manual_seed(seed)
        self.augment = Augmentation(schedule.recipe, mean, split.images.shape[-1], device)
        self.normalise = Normalise(mean, std, device)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, Any]]:
        order = torch.randperm(len(self.images), generator=self.generator)
        decisions = self.augment.decide(len(order), self.generator)
        size = self.schedule.batch_size
        batches = zip(order.to(self.device).split(size), decisions.to(self.device).split(size))
        for _, (chosen, decided) in zip(range(self.schedule.steps_per_epoch), batches):
            images = self.normalise(self.augment(self.images, chosen, decided))
            yield images.contiguous(memory_format=self.layout), self.targets[chosen]


def _resident(array: np.ndarray, device: torch.device) -> torch.Tensor:
    writeable = array if array.flags.writeable else np.array(array)  # torch warns of read-only memory
    return torch.from_numpy(writeable).to(device)
