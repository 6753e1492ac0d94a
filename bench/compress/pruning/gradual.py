"""Pruning step by step while training goes on."""

from __future__ import annotations

from collections.abc import Callable


class Gradually:
    """Prunes at evenly spaced steps of the first part of a training; to be called before each step.

    Args:
        prune: called with the progress of pruning: 1/times, 2/times, ..., 1.
        times: how often to prune.
        share: share of the steps in which to prune; the rest of the training is left to recover.
    """

    to_the_end = True  # see `bench.training.hooks`

    def __init__(self, prune: Callable[[float], None], times: int, share: float):
        self.prune, self.times, self.share = prune, times, share
        self.done = 0

    def __call__(self, step: int, steps: int) -> None:
        """Prune as far as it should have gone by now: not yet at the first step, to the end behind the first part."""
        self._prune_until(min(self.times, int(round(self.times * step / (self.share * steps), 9))))

    def finish(self) -> None:
        """Prune to the end, however short the training was."""
        self._prune_until(self.times)

    def _prune_until(self, number: int) -> None:
        if number > self.done:
            self.done = number
            self.prune(number / self.times)
