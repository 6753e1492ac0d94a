"""Batches of images that are decoded while the network computes, for training."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from bench.data import streamed
from bench.data.streamed import StreamedImages
from bench.training.evaluate import Normalise
from bench.training.feed import Feed
from bench.training.loading import Numbering, Pixels, Seen, loader, moved
from bench.training.transforms import TrainingTransform, WholeTransform

ORDER = 2**32 - 1  # in place of an image's number, in the key of an epoch's order


class StreamedBatches:
    """Batches of images that are decoded when they are needed; see `Batches`."""

    def __init__(self, feed: Feed):
        self.feed, self.schedule, self.device = feed, feed.schedule, feed.device
        self.images = streamed.of(feed.split.images)
        recipe = feed.schedule.recipe
        self.transform = WholeTransform(recipe) if self.images.whole else TrainingTransform(recipe, feed.mean)
        self.normalise = Normalise(feed.mean, feed.std, feed.device)
        self.numbering = Numbering()

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Pixels, Any]]:
        """See `Batches`."""
        size, share = self.schedule.batch_size, self.schedule.share
        order = self._order(number)
        firsts = [step * size + self.feed.rank * share for step in range(first_step, self.schedule.steps_per_epoch)]
        shares = [order[first : first + share] for first in firsts]
        self.numbering.epoch, self.numbering.batches = number, [self.images.numbers[chosen] for chosen in shares]
        for chosen, images in zip(shares, self._loader, strict=True):
            batch = self.normalise(moved(images, self.device))
            if isinstance(batch, torch.Tensor):
                batch = batch.contiguous(memory_format=self.feed.layout)
            yield batch, self._targets(number, torch.from_numpy(chosen).to(self.device))

    def _targets(self, epoch: int, chosen: torch.Tensor) -> Any:
        if not isinstance(self.transform, WholeTransform):
            return self.feed.targets[chosen]
        numbers = self.images.numbers[chosen.cpu().numpy()].tolist()
        return self.feed.targets.mirrored(chosen, self.transform.mirrored(self.feed.seed, epoch, numbers))

    def _order(self, epoch: int) -> np.ndarray:
        key = np.array([self.feed.seed, epoch << 32 | ORDER], np.uint64)
        return np.random.Generator(np.random.Philox(key=key)).permutation(len(self.images))

    @cached_property
    def _loader(self) -> DataLoader:
        """Made once, so that its workers live as long as the training."""
        dataset = _Transformed(self.images, self.transform, self.feed.seed)
        return loader(dataset, self.numbering, self.images.workers, self.device)


class _Transformed(Seen):
    """Images by epoch and number, as a training sees them."""

    def __init__(self, images: StreamedImages, transform: TrainingTransform | WholeTransform, seed: int):
        super().__init__(images)
        self.random, self.seed = transform, seed

    def image(self, epoch: int, number: int) -> torch.Tensor:
        """See Seen."""
        return self.random(self.reader(number), self.seed, epoch, number)
