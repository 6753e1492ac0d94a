"""How many steps a training takes, and the learning rate of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Schedule:
    """Steps and learning rates of one training.

    An incomplete last batch is dropped: its images come in with the next epoch's order, and a batch of a few images
    would spoil the statistics of batch norm. A set smaller than a batch is one batch.

    Args:
        images: number of training images.
    """

    images: int
    recipe: Recipe

    @property
    def share(self) -> int:
        """Images per step on each device."""
        return min(self.recipe.batch_size, self.images // self.recipe.devices)

    @property
    def batch_size(self) -> int:
        """Images per step, on all devices together."""
        return self.share * self.recipe.devices

    @property
    def steps_per_epoch(self) -> int:
        """Complete batches in the set."""
        return self.images // self.batch_size

    @property
    def steps(self) -> int:
        """Steps of the training; a fraction of an epoch is at least one step."""
        epochs = self.recipe.epochs
        return max(1, round(epochs * self.steps_per_epoch)) if epochs else 0

    @property
    def epochs(self) -> int:
        """Epochs of the training, an incomplete last one included."""
        return math.ceil(self.steps / self.steps_per_epoch)

    def steps_of(self, epoch: int) -> range:
        """The steps of an epoch, which counts from 1."""
        first = (epoch - 1) * self.steps_per_epoch
        return range(first, min(first + self.steps_per_epoch, self.steps))

    def learning_rate(self, step: int) -> float:
        """One cycle: linearly up to the peak, then linearly down to a last step just above zero.

        Source: Smith and Topin, Super-Convergence (2018), section 4, without the cycle of the momentum.
        """
        # Neither end is 0, since a step at rate 0 is wasted. With r rising steps of n, the rate is peak·(s + 1)/(r + 1)
        # before step r, the peak at step r, and peak·(n - s)/(n - r) after it: peak/(n - r) in the last step.
        rising = round(self.recipe.warmup * self.steps)
        if step < rising:
            return self.recipe.learning_rate * (step + 1) / (rising + 1)
        return self.recipe.learning_rate * (self.steps - step) / (self.steps - rising)
