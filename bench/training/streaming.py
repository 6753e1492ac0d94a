"""Batches of images that are decoded while the network computes, for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from bench.data import streamed
from bench.data.streamed import StreamedImages
from bench.training.evaluate import Normalise
from bench.training.loading import Numbering, Seen, loader, moved
from bench.training.schedule import Schedule
from bench.training.transforms import TrainingTransform

if TYPE_CHECKING:
    from bench.data import Split

ORDER = 2**32 - 1  # in place of an image's number, in the key of an epoch's order


class StreamedBatches:
    """Batches of images that are decoded when they are needed; see `Batches`.

    Args:
        split: training images, `StreamedImages` or an array.
        targets, mean, std, seed, layout, rank: see `ResidentBatches`.
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
        rank: int = 0,
    ):
        self.schedule, self.device, self.layout, self.rank = schedule, device, layout, rank
        self.images, self.targets, self.seed = streamed.of(split.images), targets, seed
        self.transform = TrainingTransform(schedule.recipe, mean)
        self.normalise = Normalise(mean, std, device)
        self.numbering = Numbering()

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[torch.Tensor, Any]]:
        """See `Batches`."""
        size, share = self.schedule.batch_size, self.schedule.share
        order = self._order(number)
        firsts = [step * size + self.rank * share for step in range(first_step, self.schedule.steps_per_epoch)]
        shares = [order[first : first + share] for first in firsts]
        self.numbering.epoch, self.numbering.batches = number, [self.images.numbers[chosen] for chosen in shares]
        for chosen, images in zip(shares, self._loader, strict=True):
            batch = self.normalise(moved(images, self.device))
            yield (
                batch.contiguous(memory_format=self.layout),
                self.targets[torch.from_numpy(chosen).to(self.device)],
            )

    def _order(self, epoch: int) -> np.ndarray:
        key = np.array([self.seed, epoch << 32 | ORDER], np.uint64)
        return np.random.Generator(np.random.Philox(key=key)).permutation(len(self.images))

    @cached_property
    def _loader(self) -> DataLoader:
        """Made once, so that its workers live as long as the training."""
        dataset = _Transformed(self.images, self.transform, self.seed)
        return loader(dataset, self.numbering, self.images.workers, self.device)


class _Transformed(Seen):
    """Images by epoch and number, as a training sees them."""

    def __init__(self, images: StreamedImages, transform: TrainingTransform, seed: int):
        super().__init__(images)
        self.random, self.seed = transform, seed

    def image(self, epoch: int, number: int) -> torch.Tensor:
        """See Seen."""
        return self.random(self.reader(number), self.seed, epoch, number)
