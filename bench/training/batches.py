"""The input pipeline: an epoch is a new order of augmented, normalised batches; here of images on the device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import torch

from bench.training._augment import Augmentation
from bench.training.evaluate import Normalise
from bench.training.feed import Feed
from bench.training.loading import Pixels
from bench.training.schedule import Schedule
from bench.training.streaming import StreamedBatches


class Batches(Protocol):
    """What the loop needs of a training's batches.

    Any epoch can be asked for, from any of its steps on, so that a training that was interrupted goes on as if it had
    not been: its state is the pair (epoch, step).
    """

    schedule: Schedule
    device: torch.device

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Pixels, Any]]:
        """This rank's share of each batch of an epoch: float32 images and their targets.

        Args:
            number: of the epoch, from 1.
            first_step: of the epoch, from 0; the batches before it are left out.
        """
        ...


def make_batches(feed: Feed) -> Batches:
    """Batches of images on the device, or of streamed ones: if they are, or the recipe transforms single images."""
    resident = isinstance(feed.split.images, np.ndarray) and not feed.schedule.recipe.transforms_single_images
    return ResidentBatches(feed) if resident else StreamedBatches(feed)


class ResidentBatches:
    """Batches of images that stay on the device; see `Batches`."""

    def __init__(self, feed: Feed):
        self.feed, self.schedule, self.device = feed, feed.schedule, feed.device
        self.images = _resident(np.asarray(feed.split.images), feed.device)
        self._begin()
        self.augment = Augmentation(feed.schedule.recipe, feed.mean, feed.split.images.shape[-1], feed.device)
        self.normalise = Normalise(feed.mean, feed.std, feed.device)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[torch.Tensor, Any]]:
        """See `Batches`."""
        # All epochs draw from one generator, one after another: an epoch is found by drawing those before it, which
        # costs milliseconds each.
        if number <= self.drawn:
            self._begin()
        while self.drawn < number:
            order, decisions = self._draw()
        size, share = self.schedule.batch_size, self.schedule.share
        order, decisions = order.to(self.device), decisions.to(self.device)
        for step in range(first_step, self.schedule.steps_per_epoch):
            first = step * size + self.feed.rank * share
            chosen, decided = order[first : first + share], decisions[first : first + share]
            images = self.normalise(self.augment(self.images, chosen, decided))
            yield images.contiguous(memory_format=self.feed.layout), self.feed.targets[chosen]

    def _begin(self) -> None:
        self.generator, self.drawn = torch.Generator().manual_seed(self.feed.seed), 0

    def _draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Order and augmentation of the next epoch, on the CPU."""
        order = torch.randperm(len(self.images), generator=self.generator)
        self.drawn += 1
        return order, self.augment.decide(len(order), self.generator)


def _resident(array: np.ndarray, device: torch.device) -> torch.Tensor:
    writeable = array if array.flags.writeable else np.array(array)  # torch warns of read-only memory
    return torch.from_numpy(writeable).to(device)
