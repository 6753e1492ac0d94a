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
        """The rate of a step, from 0: it rises linearly to the recipe's, then takes the schedule's course.

        - one-cycle: linearly down to a last step just above zero (Smith and Topin, Super-Convergence, 2018, section 4,
          without the cycle of the momentum);
        - cosine: half a cosine down to `final_learning_rate`, step by step (Loshchilov and Hutter, SGDR, 2017,
          equation 5, without restarts);
        - step: times `step_factor` after every `step_epochs` epochs, or after each of `milestones`;
        - constant.
        """
        # No step's rate is 0, since such a step is wasted. With r rising steps of n, the rate is peak·(s + 1)/(r + 1)
        # before step r and the peak at step r.
        peak = self.recipe.learning_rate
        rising = round(self.recipe.warmup * self.steps)
        if step < rising:
            return peak * (step + 1) / (rising + 1)
        if self.recipe.schedule == "one-cycle":  # peak/(n - r) in the last step
            return peak * (self.steps - step) / (self.steps - rising)
        if self.recipe.schedule == "cosine":
            final = min(self.recipe.final_learning_rate, peak)  # a method may lower the peak
            return final + (peak - final) * (1 + math.cos(math.pi * (step - rising) / (self.steps - rising))) / 2
        if self.recipe.schedule == "step":
            return peak * self.recipe.step_factor ** self._drops(step // self.steps_per_epoch)
        return peak

    def _drops(self, epochs: int) -> int:
        """How often a step schedule has dropped the rate after so many epochs."""
        if self.recipe.milestones:
            return sum(epochs >= milestone for milestone in self.recipe.milestones)
        return epochs // self.recipe.step_epochs
